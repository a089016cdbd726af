/** The types of needs.mjs, which is plain JavaScript because it runs before anything is installed. */
export function provide(names?: string[]): string | undefined;
export function provideOptional(names?: string[]): string[];
export function findProgram(name: string): string | undefined;
export function declaredPrograms(): string[];
export function linkPrograms(folder: string): string;
export function findCompiler(): { command: string; flags: string[]; kind: string } | undefined;
export function compiles(command: string, flags: string[]): boolean;
