/**
 * Reads the dynamic section of a 64-bit little-endian ELF program, and gives one a place to look for its libraries. Moves nothing in the file: the
 * entry for debuggers (DT_DEBUG) becomes DT_RUNPATH, and its text takes the place of the name of a symbol that only native add-ons ask for.
 */
import { fail } from "./shared.ts";

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_STRTAB = 5n;
const DT_SYMTAB = 6n;
const DT_STRSZ = 10n;
const DT_DEBUG = 21n;
const DT_RUNPATH = 29n;
const DT_NEEDED = 1n;

interface Dynamic {
  entries: Array<{ tag: bigint; value: bigint; at: number }>;
  strings: { at: number; size: number };
  symbols: number;
}

/** A copy of `program` with a DT_RUNPATH. Throws when it has one already, or no room for `path`. */
export function addRunPath(program: Buffer, path: string): Buffer {
  const { entries, strings } = readDynamic(program);
  const debug = entries.find(({ tag }) => tag === DT_DEBUG);
  if (!debug || entries.some(({ tag }) => tag === DT_RUNPATH)) fail("cannot set the library path: the runtime has no free entry for it");
  const table = program.subarray(strings.at, strings.at + strings.size);
  for (let begin = table.indexOf("\0_ZN2v8") + 1; begin > 0; begin = table.indexOf("\0_ZN2v8", begin) + 1) {
    if (table.indexOf(0, begin) - begin < path.length) continue;
    const patched = Buffer.from(program);
    patched.write(`${path}\0`, strings.at + begin, "latin1");
    patched.writeBigUInt64LE(DT_RUNPATH, debug.at);
    patched.writeBigUInt64LE(BigInt(begin), debug.at + 8);
    return patched;
  }
  return fail("cannot set the library path: the runtime has no symbol name that could make room for it");
}

/** The names of the libraries that a program needs. */
export function neededLibraries(program: Buffer): string[] {
  const { entries, strings } = readDynamic(program);
  return entries.filter(({ tag }) => tag === DT_NEEDED).map(({ value }) => textAt(program, strings.at + Number(value)));
}

/** The symbols that a program takes from its libraries: undefined ones, and data that it copies. Weak ones are left out. */
export function importedSymbols(program: Buffer): string[] {
  const { strings, symbols } = readDynamic(program);
  const names: string[] = [];
  // The string table follows the symbol table (lld and ld lay them out so); a symbol is 24 bytes.
  for (let at = symbols + 24; at + 24 <= program.length && at < strings.at; at += 24) {
    const name = program.readUInt32LE(at);
    const binding = program.readUInt8(at + 4) >> 4;
    const undefinedHere = program.readUInt16LE(at + 6) === 0;
    if (name >= strings.size || binding !== 1) continue;
    const text = textAt(program, strings.at + name);
    if (undefinedHere || text.startsWith("_ZTVN10__cxxabiv1")) names.push(text);
  }
  return [...new Set(names)];
}

function readDynamic(program: Buffer): Dynamic {
  if (program.toString("latin1", 0, 6) !== "\x7fELF\x02\x01") fail("cannot read the runtime: it is no 64-bit ELF program");
  const headers = Array.from({ length: program.readUInt16LE(56) }, (_, index) => {
    const at = Number(program.readBigUInt64LE(32)) + index * program.readUInt16LE(54);
    const [offset, address, , size] = [8, 16, 24, 32].map((field) => Number(program.readBigUInt64LE(at + field)));
    return { type: program.readUInt32LE(at), offset: offset ?? 0, address: address ?? 0, size: size ?? 0 };
  });
  const inFile = (address: number): number => {
    const header = headers.find(({ type, address: from, size }) => type === PT_LOAD && address >= from && address < from + size);
    return header ? address - header.address + header.offset : fail("cannot read the runtime: an address lies in no segment");
  };
  const dynamic = headers.find(({ type }) => type === PT_DYNAMIC) ?? fail("cannot read the runtime: it is static");
  const entries = Array.from({ length: Math.floor(dynamic.size / 16) }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: program.readBigUInt64LE(at), value: program.readBigUInt64LE(at + 8), at };
  });
  const value = (tag: bigint) =>
    Number(entries.find((entry) => entry.tag === tag)?.value ?? fail("cannot read the runtime: an entry is missing"));
  return { entries, strings: { at: inFile(value(DT_STRTAB)), size: value(DT_STRSZ) }, symbols: inFile(value(DT_SYMTAB)) };
}

function textAt(program: Buffer, at: number): string {
  return program.toString("latin1", at, program.indexOf(0, at));
}
