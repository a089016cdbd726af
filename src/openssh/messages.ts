/** Reads ssh's own words: what they prove about a dial that failed, or a master that died. */
/** Why a dial failed. `unknown` is what no message proves, and is treated as final. */
export type DialFailure = "transient" | "final" | "taken" | "unlinkable" | "unknown";

/** Reads what ssh wrote while it dialled. */
export function classifyDialFailure(words: string): DialFailure {
  if (/^ControlSocket .* already exists, disabling multiplexing/m.test(words)) return "taken";
  if (/link mux listener .* => /.test(words)) return "unlinkable";
  if (FINAL.some((pattern) => pattern.test(words))) return "final";
  return TRANSIENT.some((pattern) => pattern.test(words)) ? "transient" : "unknown";
}

/**
 * The last words of a master that died: the lines that the real ssh, unshared, would have written
 * on stderr when its connection was lost (clientloop.c, packet.c). Empty where the log ends without
 * any.
 */
export function lastWords(log: string): string {
  const lines = log.split(/(?<=\n)/);
  let from = lines.length;
  while (from > 0 && DEATH.test(lines[from - 1] as string)) from--;
  return lines.slice(from).join("");
}

/** The same again would end the same, or worse (bans, lock-outs). */
const FINAL: readonly RegExp[] = [
  /Permission denied/,
  /Too many authentication failures/,
  /Host key verification failed/,
  /REMOTE HOST IDENTIFICATION HAS CHANGED/,
  /No \S+ host key is known/,
  /Bad (?:configuration option|owner or permissions)/,
  /[Uu]nsupported option|[Bb]ad .* argument|no argument after keyword|terminating, \d+ bad configuration options/,
  /no matching (?:host key type|key exchange method|cipher|MAC|compression)/,
  /Name or service not known|nodename nor servname/,
];

/** Before anything was offered to the server: another try can do no harm (sshconnect.c, kex.c). */
const TRANSIENT: readonly RegExp[] = [
  /connect to (?:host|address) .* port .*: (?:Connection refused|Connection reset by peer|Connection timed out|Operation timed out|Network is unreachable|No route to host)/,
  /(?:kex|ssh)_exchange_identification: /,
  /[Cc]onnection timed out during banner exchange/,
  /banner exchange: Connection (?:to|from) .*/,
  /Could not resolve hostname .*: Temporary failure in name resolution/,
];

const DEATH = new RegExp(
  [
    "^Timeout, server \\S+ not responding",
    "^Connection (?:to|from|closed|reset) ",
    "^client_loop: ",
    "^Received disconnect from ",
    "^Disconnected from ",
    "^Read from remote host ",
    "^packet_write_wait: ",
    "^ssh_packet_\\S+: ",
    "^ssh_dispatch_run_fatal: ",
    "^(?:Bad packet length|Corrupted (?:MAC|padding)|padding error|Packet corrupt|message authentication code incorrect)",
    "^Disconnecting ",
    "^Host key verification failed",
  ].join("|"),
);
