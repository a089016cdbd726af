// Reads the specification of a forwarding (-L -R -D -W) as readconf.c's parse_forward does. Everything that needs the environment (`${VAR}`) or a
// service name is left to the real ssh.
import type { Port } from "./parsed.ts";
import { parsePort } from "./values.ts";

export interface Forward {
  /** undefined: not given */
  listenHost: string | undefined;
  listenPort: Port;
}

interface Field {
  text: string;
  isPath: boolean;
}

/** What ssh would listen on (or, for -W, connect to); undefined if it calls the specification bad. A path's port is -2, and its host the path. */
export function parseForward(specification: string, kind: { dynamic: boolean; remote: boolean }): Forward | undefined {
  const fields = splitFields(specification.replace(/^[ \t-\r]+/, ""));
  if (fields === undefined) return undefined;
  const forward = kind.dynamic ? listenOnly(fields) : listenAndConnect(fields);
  if (forward === undefined || (forward.listenPort === 0 && !kind.remote)) return undefined;
  return forward;
}

function listenOnly(fields: Field[]): Forward | undefined {
  const [first, second] = fields;
  if (first === undefined || fields.length > 2) return undefined;
  if (second === undefined) return first.isPath ? listenPath(first) : listenPort(undefined, first);
  // Of two fields the second is never a path here: ssh takes that for a listen port and a path to connect to.
  if (second.isPath) return first.isPath ? listenPath(first) : listenPort(undefined, first);
  return listenPort(first, second);
}

function listenAndConnect(fields: Field[]): Forward | undefined {
  const [first, second, third, fourth] = fields;
  if (first === undefined) return undefined;
  if (fields.length === 1) return undefined;
  if (fields.length === 2) {
    if (!second?.isPath) return undefined;
    return first.isPath ? listenPath(first) : listenPort(undefined, first);
  }
  if (fields.length === 3) {
    if (first.isPath) return isConnectPort(third) ? listenPath(first) : undefined;
    if (third?.isPath) return listenPort(first, second);
    return isConnectPort(third) ? listenPort(undefined, first) : undefined;
  }
  return isConnectPort(fourth) ? listenPort(first, second) : undefined;
}

function listenPath(field: Field): Forward {
  return { listenHost: field.text, listenPort: -2 };
}

function listenPort(host: Field | undefined, field: Field | undefined): Forward | undefined {
  const port = field && parsePort(field.text);
  return port === undefined ? undefined : { listenHost: host?.text, listenPort: port };
}

function isConnectPort(field: Field | undefined): boolean {
  const port = field && parsePort(field.text);
  return port !== undefined && port !== 0;
}

// readconf.c parse_fwd_field, up to four times; undefined: garbage, or more than four.
function splitFields(text: string): Field[] | undefined {
  const fields: Field[] = [];
  let rest = text;
  while (rest !== "" && fields.length < 4) {
    const taken = rest.startsWith("[") ? takeBracketed(rest) : takePlain(rest);
    if (taken === undefined) return undefined;
    fields.push(taken.field);
    rest = taken.rest;
  }
  return rest === "" && fields.length > 0 ? fields : undefined;
}

function takeBracketed(text: string): { field: Field; rest: string } | undefined {
  const match = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (match === null) return undefined;
  const inside = match[1] ?? "";
  return { field: { text: inside, isPath: inside.includes("/") }, rest: match[2] ?? "" };
}

function takePlain(text: string): { field: Field; rest: string } | undefined {
  let field = "";
  let isPath = false;
  for (let i = 0; i < text.length; i++) {
    let character = text.charAt(i);
    if (character === ":") return { field: { text: field, isPath }, rest: text.slice(i + 1) };
    if (character === "/") isPath = true;
    if (character === "\\") {
      // The character after a backslash is taken as it is, even a ":" or a "/".
      character = text.charAt(++i);
      if (character === "") return undefined;
    }
    field += character;
  }
  return { field: { text: field, isPath }, rest: "" };
}
