// `ssh -G` read line by line, and what it should say for a command line that was parsed here.
import type { Parsed } from "../../../src/openssh/argv/parse.ts";

const YES_NO = { true: "yes", false: "no" };
const WORDS: Record<string, string> = { yes: "true", no: "false" };
const LEVELS = ["quiet", "fatal", "error", "info", "verbose", "debug", "debug2", "debug3"];

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

/** What `ssh -F none -G` should print; undefined for a line that must not be there. Left out: what the command line does not decide. */
export function expectedSettings(parsed: Parsed, defaultUser: string): Map<string, string | undefined> {
  const it = parsed.effective;
  const host = it.hostName?.replaceAll("%h", parsed.host ?? "") ?? parsed.host ?? "";
  const settings = new Map<string, string | undefined>([
    ["user", it.user ?? defaultUser],
    ["hostname", isAddress(host) ? host : host.replace(/[A-Z]/g, (letter) => letter.toLowerCase())],
    ["controlpath", withoutNone(it.controlPath)],
    ["controlmaster", WORDS[it.controlMaster ?? "no"] ?? it.controlMaster],
    ["requesttty", WORDS[it.requestTty ?? "auto"] ?? it.requestTty ?? "auto"],
    ["sessiontype", it.sessionType ?? "default"],
    ["stdinnull", YES_NO[`${it.stdinNull ?? false}`]],
    ["forkafterauthentication", YES_NO[`${it.fork ?? false}`]],
    ["forwardagent", it.agentSocket ?? YES_NO[`${it.agent ?? false}`]],
    ["forwardx11", YES_NO[`${it.x11 ?? false}`]],
    ["loglevel", LEVELS[it.logLevel ?? 3]],
    ["remotecommand", withoutNone(it.remoteCommand)],
    ["compression", YES_NO[`${it.compression ?? false}`]],
    ["gatewayports", YES_NO[`${it.gatewayPorts ?? false}`]],
    ["addressfamily", it.addressFamily ?? "any"],
    ["escapechar", visible(it.escape ?? 126)],
    ["serveralivecountmax", it.configFile === "conf" ? "7" : "3"],
  ]);
  if (typeof (it.port ?? 22) === "number") settings.set("port", String(it.port ?? 22));
  if (it.x11Trusted !== undefined) settings.set("forwardx11trusted", YES_NO[`${it.x11Trusted}`]);
  if (withoutNone(it.jump) === undefined) settings.set("proxyjump", undefined).set("proxycommand", withoutNone(it.proxyCommand));
  if (!it.hasForward) for (const line of ["localforward", "remoteforward", "dynamicforward"]) settings.set(line, undefined);
  if (!it.hasForward) settings.set("tunnel", "false");
  return settings;
}

// misc.c is_addr_fast: what ssh takes for an address keeps its case.
function isAddress(host: string): boolean {
  return /[%:]|^[\d.]*$/.test(host);
}

function withoutNone(value: string | undefined): string | undefined {
  return value?.toLowerCase() === "none" ? undefined : value;
}

function normalLevel(name: string): string {
  const level = name.toLowerCase();
  return level === "silent" ? "quiet" : level === "debug1" ? "debug" : level;
}

// vis(3), as far as the tests' escape characters need it.
function visible(character: number | "none"): string {
  if (character === "none") return "none";
  return character < 32 ? `\\^${String.fromCharCode(character + 64)}` : String.fromCharCode(character);
}
