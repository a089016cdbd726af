// What an ssh command line says, once read. Only shapes: parse.ts fills them.

/** One option as given. `index` is the place of its letter's word among the words. */
export interface GivenOption {
  readonly letter: string;
  readonly argument: string | undefined;
  readonly index: number;
  readonly afterHost: boolean;
}

/** A TCP port; a string is a service name ("ssh") that only the real ssh can look up. */
export type Port = number | string;

export type ControlMaster = "no" | "yes" | "auto" | "ask" | "autoask";
export type RequestTty = "no" | "auto" | "yes" | "force";
export type SessionType = "none" | "subsystem" | "default";

/** -W. `port` may be a service name; -2 stands for a socket path (then `host` is the path), as in ssh. */
export interface StdioForward {
  readonly host: string;
  readonly port: Port;
}

/**
 * What the command line alone makes of each setting, the first or the last one winning as in ssh.c; undefined where it says nothing, so that the
 * configuration decides. Values are as typed: no `~`, `%` or `${}` is expanded.
 */
export interface Effective {
  user: string | undefined;
  port: Port | undefined;
  hostName: string | undefined;
  tag: string | undefined;
  /** -F */
  configFile: string | undefined;
  /** -S, ControlPath ("none" included) */
  controlPath: string | undefined;
  controlMaster: ControlMaster | undefined;
  controlPersist: string | undefined;
  /** the word of -O */
  control: string | undefined;
  stdioForward: StdioForward | undefined;
  requestTty: RequestTty | undefined;
  /** how many -t */
  ttyCount: number;
  sessionType: SessionType | undefined;
  stdinNull: boolean | undefined;
  fork: boolean | undefined;
  agent: boolean | undefined;
  /** ForwardAgent with a path */
  agentSocket: string | undefined;
  x11: boolean | undefined;
  x11Trusted: boolean | undefined;
  /** how many -v */
  verbose: number;
  /** log.h's number: 0 quiet, 3 info, 5 … 7 debug */
  logLevel: number | undefined;
  /** -E */
  logFile: string | undefined;
  /** -y */
  syslog: boolean;
  /** a byte, or none */
  escape: number | "none" | undefined;
  jump: string | undefined;
  proxyCommand: string | undefined;
  remoteCommand: string | undefined;
  addressFamily: "any" | "inet" | "inet6" | undefined;
  compression: boolean | undefined;
  gatewayPorts: boolean | undefined;
  /** -L -R -D -w, or LocalForward, RemoteForward, DynamicForward, Tunnel */
  hasForward: boolean;
  /** -G */
  printsConfiguration: boolean;
  /** -V and -Q print something and exit before anything after them is read; -Z prints keys */
  asksItself: "V" | "Q" | "Z" | undefined;
}

export interface Parsed {
  readonly options: readonly GivenOption[];
  /** the destination's word as typed, and where it lies (-1: none) */
  readonly destination: string | undefined;
  readonly destinationIndex: number;
  /** where the command starts; the number of words if there is none */
  readonly commandIndex: number;
  /** host without user, port or scheme; not lower-cased */
  readonly host: string | undefined;
  /** the destination's own user and port, if it has any; they count only where no option before it said something else */
  readonly destinationUser: string | undefined;
  readonly destinationPort: Port | undefined;
  /** true for ssh://… */
  readonly uri: boolean;
  /** effective.user and effective.port, for short */
  readonly user: string | undefined;
  readonly port: Port | undefined;
  /** why ssh would refuse this line; then the other fields say how far it came */
  readonly error: string | undefined;
  readonly effective: Effective;
}
