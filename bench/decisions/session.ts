// bare-mux.c once more, in TypeScript: what the front would cost if Bun compiled it. Descriptors are passed by way of bun:ffi, so it runs on Bun alone.
import { dlopen, ptr } from "bun:ffi";

const libc = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64_fast" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64_fast" },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: "i64_fast" },
}).symbols;

const [socketPath = "", command = ""] = process.argv.slice(2);
process.exit(runSession(socketPath, command));

function runSession(path: string, text: string): number {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1, 0);
  address.write(path, 2);
  const master = Number(libc.socket?.(1, 1, 0));
  if (libc.connect?.(master, ptr(address), 110) !== 0) return 254;
  send(master, frame(1, 4), frame(0x10000004, 0));
  if (receive(master)?.type !== 1 || receive(master)?.type !== 0x80000005) return 254;
  send(master, frame(0x10000002, 1, "", 0, 0, 0, 0, 0xffffffff, "", text));
  for (const descriptor of [0, 1, 2]) passDescriptor(master, descriptor);
  if (receive(master)?.type !== 0x80000006) return 254;
  let code = 255;
  for (let reply = receive(master); reply !== undefined; reply = receive(master)) {
    if (reply.type === 0x80000004) code = reply.value;
  }
  return code;
}

function frame(...fields: (number | string)[]): Buffer {
  const parts = fields.map((field) => {
    const bytes = typeof field === "string" ? Buffer.from(field) : Buffer.alloc(0);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(typeof field === "string" ? bytes.length : field);
    return Buffer.concat([head, bytes]);
  });
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function send(master: number, ...frames: Buffer[]): void {
  const bytes = Buffer.concat(frames);
  if (Number(libc.write?.(master, ptr(bytes), bytes.length)) !== bytes.length) process.exit(254);
}

function receive(master: number): { type: number; value: number } | undefined {
  const head = readExactly(master, 4);
  if (head === undefined) return undefined;
  const body = readExactly(master, head.readUInt32BE(0));
  if (body === undefined) return undefined;
  return { type: body.readUInt32BE(0), value: body.length >= 12 ? body.readUInt32BE(8) : 0 };
}

function readExactly(master: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  for (let got = 0; got < length; ) {
    const n = Number(libc.read?.(master, ptr(bytes, got), length - got));
    if (n <= 0) return undefined;
    got += n;
  }
  return bytes;
}

// struct msghdr, iovec and cmsghdr of 64-bit Linux.
function passDescriptor(master: number, descriptor: number): void {
  const zero = Buffer.alloc(1);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(BigInt(ptr(zero)), 0);
  vector.writeBigUInt64LE(1n, 8);
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(1, 8);
  control.writeInt32LE(1, 12);
  control.writeInt32LE(descriptor, 16);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(BigInt(ptr(vector)), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(BigInt(ptr(control)), 32);
  message.writeBigUInt64LE(24n, 40);
  if (Number(libc.sendmsg?.(master, ptr(message), 0)) !== 1) process.exit(254);
}
