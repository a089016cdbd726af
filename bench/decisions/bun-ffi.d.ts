// As much of bun:ffi as session.ts uses.
declare module "bun:ffi" {
  type Call = (...values: number[]) => number | bigint;
  export function dlopen(library: string, symbols: Record<string, { args: string[]; returns: string }>): { symbols: Record<string, Call> };
  export function ptr(bytes: Uint8Array, offset?: number): number;
}
