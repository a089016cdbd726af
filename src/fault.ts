/** The failures that a person gets to see: what kind they are, and the exit code of each. It prints nothing. */

/** usage = the words of a command cannot be read; cannot = it cannot be done, for a reason outside; internal = it should not have happened. */
export type UserErrorKind = "usage" | "cannot" | "internal";

/** A failure on its way up. The message reads "cannot <do>: <state> (set by <origin>)" and is the one line that is shown. */
export class UserError extends Error {
  readonly kind: UserErrorKind;

  constructor(kind: UserErrorKind, message: string) {
    super(message);
    this.name = "Failure";
    this.kind = kind;
  }
}

/** The exit code of a command that ends with a fault of this kind (docs/interface.md). */
export function exitCodeOf(kind: UserErrorKind): number {
  switch (kind) {
    case "usage":
      return 2;
    case "cannot":
      return 1;
    case "internal":
      return 70; // EX_SOFTWARE
  }
}
