/**
 * The failures of the control plane: one union, and what each says and costs. It throws nothing by itself and prints nothing.
 */

export type Fault =
  /** The words of an operator's command are wrong. */
  | { readonly kind: "usage"; readonly problem: string }
  /** The real ssh is missing or not what it says. */
  | { readonly kind: "real-ssh"; readonly state: string; readonly origin: string }
  /** `ssh -G` refused the caller's words; the real ssh says why. */
  | { readonly kind: "resolve"; readonly host: string; readonly state: string; readonly origin: string }
  /** A directory of ours cannot be used. */
  | { readonly kind: "directory"; readonly path: string; readonly state: string; readonly origin: string }
  /** A file of ours cannot be read or written. */
  | { readonly kind: "file"; readonly doing: string; readonly path: string; readonly state: string; readonly origin: string }
  /** A lock was not to be had in time. */
  | { readonly kind: "lock"; readonly name: string; readonly seconds: number }
  /** No such master, key or event. */
  | { readonly kind: "nothing"; readonly doing: string; readonly name: string }
  /** A program or a step that cannot go on. */
  | { readonly kind: "cannot"; readonly doing: string; readonly state: string; readonly origin?: string };

/** A fault on its way up. */
export class Failure extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(faultMessage(fault));
    this.name = "Failure";
    this.fault = fault;
  }
}

/** "cannot <do>: <state> (set by <origin>)". */
export function faultMessage(fault: Fault): string {
  switch (fault.kind) {
    case "usage":
      return `cannot understand the command: ${fault.problem}`;
    case "real-ssh":
      return `cannot use the real ssh: ${fault.state} (set by ${fault.origin})`;
    case "resolve":
      return `cannot resolve ${fault.host}: ${fault.state} (set by ${fault.origin})`;
    case "directory":
      return `cannot use ${fault.path}: ${fault.state} (set by ${fault.origin})`;
    case "file":
      return `cannot ${fault.doing} ${fault.path}: ${fault.state} (set by ${fault.origin})`;
    case "lock":
      return `cannot take the lock ${fault.name}: somebody else held it for ${fault.seconds} s`;
    case "nothing":
      return `cannot ${fault.doing} ${fault.name}: there is none`;
    case "cannot":
      return `cannot ${fault.doing}: ${fault.state}${fault.origin === undefined ? "" : ` (set by ${fault.origin})`}`;
  }
}

/** The exit code of an operator's command that ends with this fault: sysexits.h's, so that scripts can tell them apart. */
export function faultExitCode(fault: Fault): number {
  switch (fault.kind) {
    case "usage":
      return 64; // EX_USAGE
    case "resolve":
      return 65; // EX_DATAERR
    case "nothing":
      return 69; // EX_UNAVAILABLE
    case "real-ssh":
      return 72; // EX_OSFILE
    case "directory":
      return 73; // EX_CANTCREAT
    case "file":
      return 74; // EX_IOERR
    case "lock":
      return 75; // EX_TEMPFAIL
    case "cannot":
      return 70; // EX_SOFTWARE
  }
}
