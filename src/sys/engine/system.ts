/** What the C files here give to the program, as they give it. */

export type Status = [
  mode: number,
  uid: number,
  gid: number,
  device: bigint,
  inode: bigint,
  size: bigint,
  seconds: bigint,
  nanoseconds: bigint,
];

/** What C gives us. */
interface System {
  readonly words: string[];
  readonly variables: string[];
  wait: () => boolean;
  open(path: string, flags: number, mode: number): number;
  close(file: number): void;
  read(file: number, into: Uint8Array, position: number): number;
  write(file: number, bytes: Uint8Array, position: number): number;
  truncate(file: number, size: number): void;
  changeModeOf(file: number, mode: number): void;
  statusOf(file: number): Status;
  status(path: string): Status;
  linkStatus(path: string): Status;
  list(folder: string): string[];
  readLink(path: string): string;
  realPath(path: string): string;
  access(path: string, mode: number): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  unlink(path: string): void;
  makeFolder(path: string, mode: number): void;
  removeFolder(path: string): void;
  changeMode(path: string, mode: number): void;
  changeOwner(path: string, uid: number, gid: number): void;
  setTimes(path: string, seconds: number): void;
  freeBytes(path: string): number;
  encodeUtf8(text: string): Uint8Array;
  decodeUtf8(bytes: Uint8Array, strict?: boolean): string;
  encodeLatin1(text: string): Uint8Array;
  decodeLatin1(bytes: Uint8Array): string;
  sha256(bytes: Uint8Array): Uint8Array;
  pid(): number;
  uid(): number;
  currentFolder(): string;
  exit(code: number): never;
  isTerminal(file: number): boolean;
  windowSize(): [number, number];
  now(): number;
  elapsed(): number;
  kill(pid: number, signal: number): void;
  catchSignal(signal: number): void;
  wasCaught(): boolean;
  spawn(path: string, words: string[], variables: string[], folder: string, stdin: number, stdout: number, stderr: number): number;
  ended(pid: number): number | undefined;
  pipe(): [read: number, write: number];
  connect(path: string): number;
  bind(path: string): number;
  poll(files: number[], milliseconds: number): boolean[];
}

type Flags = Record<
  `O_${"RDONLY" | "WRONLY" | "RDWR" | "APPEND" | "CREAT" | "EXCL" | "TRUNC" | "NOCTTY" | "NOFOLLOW" | "NONBLOCK"}`,
  number
> &
  Record<"R_OK" | "W_OK" | "X_OK", number>;

export const { system } = globalThis as unknown as { system: System & Flags };
