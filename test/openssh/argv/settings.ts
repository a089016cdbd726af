// `ssh -G` read line by line, and which of its lines a dial has to repeat.

// Lines that only concern one session: an ssh that dials need not repeat them. Clearing forwardings is what -W does to its own process.
const SESSION_LINES = new Set([
  ...["host", "requesttty", "sessiontype", "stdinnull", "forkafterauthentication", "controlmaster", "controlpath", "controlpersist"],
  ...[
    "escapechar",
    "sendenv",
    "setenv",
    "remotecommand",
    "localcommand",
    "permitlocalcommand",
    "loglevel",
    "localforward",
    "remoteforward",
  ],
  ...["dynamicforward", "tunnel", "tunneldevice", "clearallforwardings", "exitonforwardfailure", "forwardx11", "forwardx11trusted"],
]);

/** keyword → value, several ones joined by newlines. */
export function readSettings(output: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [, keyword, value] = /^([a-z][A-Za-z0-9]*) (.*)$/.exec(line) ?? [];
    if (keyword === undefined || value === undefined) continue;
    const before = settings.get(keyword);
    settings.set(keyword, before === undefined ? value : `${before}\n${value}`);
  }
  // What 10.5 prints for -C.
  if (settings.get("compression") === "UNKNOWN") settings.set("compression", "yes");
  if (settings.has("loglevel")) settings.set("loglevel", normalLevel(settings.get("loglevel") as string));
  return settings;
}

/** What must be the same for a dial. */
export function connectionLines(output: string): string {
  return output
    .split("\n")
    .filter((line) => /^[a-z][A-Za-z0-9]* /.test(line) && !SESSION_LINES.has(line.split(" ", 1)[0] as string))
    .join("\n");
}

function normalLevel(name: string): string {
  const level = name.toLowerCase();
  return level === "silent" ? "quiet" : level === "debug1" ? "debug" : level;
}
