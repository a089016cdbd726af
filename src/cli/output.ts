/** Writes a command's answer: text or JSON, in colour on a terminal; quiet without a reader. */
import { UserError } from "../fault.ts";
import { sleepNow } from "../sys/clock.ts";
import { type Environment, exit } from "../sys/environment.ts";
import { errorCode, replaceFile, write } from "../sys/files.ts";
import { isTerminal } from "../sys/terminal.ts";
import { encodeUtf8 } from "../sys/text.ts";
import type { Values } from "./interface.ts";

export type Colour = "red" | "green" | "yellow" | "blue" | "dim" | "bold";

export interface Output {
  json: boolean;
  terminal: boolean;
  write: (text: string) => void;
  /** What a command has to say: its text, or with --json its value, indented on a terminal. */
  show: <Name extends keyof Values>(name: Name, value: Values[Name], text: () => string) => void;
  /** The same of one that goes on: with --json one value a line. */
  showNext: <Name extends keyof Values>(name: Name, value: Values[Name], text: () => string) => void;
  /** In colour, where colours are wanted. */
  paint: (colour: Colour, text: string) => string;
}

const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 };

/** Output on descriptor 1. NO_COLOR and TERM=dumb switch colours off (no-color.org). */
export function openOutput(env: Environment, json: boolean): Output {
  const terminal = isTerminal(1);
  const colour = terminal && !json && !env.NO_COLOR && env.TERM !== "dumb";
  const write = (text: string) => writeAll(1, text);
  return {
    json,
    terminal,
    write,
    show: (_, value, text) => write(json ? `${JSON.stringify(value, undefined, terminal ? 2 : undefined)}\n` : text()),
    showNext: (_, value, text) => write(json ? `${JSON.stringify(value)}\n` : text()),
    paint: (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text),
  };
}

/** Writes all of it, waiting for a slow reader. */
export function writeAll(descriptor: number, text: string): void {
  const bytes = encodeUtf8(text);
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += write(descriptor, bytes.subarray(sent));
    } catch (error) {
      const code = errorCode(error);
      if (code === "EPIPE") exit(0);
      if (code !== "EAGAIN") exit(74);
      sleepNow(5);
    }
  }
}

/** Writes a file that an option names, whole or not at all, readable by everybody. */
export function writeNamedFile(file: string, text: string, option: string): void {
  try {
    replaceFile(file, text, 0o644);
  } catch (error) {
    throw new UserError("cannot", `cannot write ${file}: ${errorCode(error)} (set by --${option})`);
  }
}

/** Rows as columns, as wide as a terminal shows them; those named in `right` are flushed right. */
export function formatTable(rows: ReadonlyArray<readonly string[]>, right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, visibleLength(cell));
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, index) => {
        const padding = " ".repeat((widths[index] ?? 0) - visibleLength(cell));
        return right.includes(index) ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** Characters on a terminal. */
export function visibleLength(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences are our own colours
  return [...text.replace(/\u001b\[\d+m/g, "")].length;
}
