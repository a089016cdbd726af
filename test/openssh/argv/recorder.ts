// A master that only takes notes: it answers OpenSSH's mux clients so that they end at once with success, and remembers what they asked for.
// So the command, the control path and the flags that the real ssh made of its arguments become visible, without any network.
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";

export interface Asked {
  /** the control path's name */
  socket: string;
  kind: "session" | "stdio" | "check" | "exit" | "stop" | "forward" | "other";
  command?: Buffer;
  tty?: boolean;
  agent?: boolean;
  subsystem?: boolean;
  host?: string;
  port?: number;
}

// mux.c
const MUX_MSG_HELLO = 1;
const MUX_C_NEW_SESSION = 0x10000002;
const MUX_C_ALIVE_CHECK = 0x10000004;
const MUX_C_TERMINATE = 0x10000005;
const MUX_C_OPEN_FWD = 0x10000006;
const MUX_C_NEW_STDIO_FWD = 0x10000008;
const MUX_C_STOP_LISTENING = 0x10000009;
const MUX_S_OK = 0x80000001;
const MUX_S_EXIT_MESSAGE = 0x80000004;
const MUX_S_ALIVE = 0x80000005;
const MUX_S_SESSION_OPENED = 0x80000006;

export class Recorder {
  /** what was asked for, by the number of the list that was running */
  readonly asked = new Map<number, Asked[]>();
  private current = -1;
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  /** Listens on `names` in `directory`, and on `mark`, where the runner says which list comes next. */
  async listen(directory: string, names: readonly string[]): Promise<void> {
    await this.open(join(directory, "mark"), (socket) => {
      socket.on("data", (bytes: Buffer) => {
        this.current = bytes.readUInt32LE(0);
        socket.write("x");
      });
    });
    for (const name of names) await this.open(join(directory, name), (socket) => this.serve(socket, name));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  private async open(path: string, accept: (socket: Socket) => void): Promise<void> {
    const server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.sockets.delete(socket));
      accept(socket);
    });
    this.servers.push(server);
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  }

  private serve(socket: Socket, name: string): void {
    socket.write(frame(MUX_MSG_HELLO, 4));
    let pending = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      if (socket.writableEnded) return;
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
        const body = pending.subarray(4, 4 + pending.readUInt32BE(0));
        pending = pending.subarray(4 + body.length);
        this.answer(socket, name, body);
        // After the last request come the bytes that carry descriptors.
        if (socket.writableEnded) return;
      }
    });
  }

  private answer(socket: Socket, name: string, body: Buffer): void {
    const type = body.readUInt32BE(0);
    if (type === MUX_MSG_HELLO) return;
    const request = body.readUInt32BE(4);
    switch (type) {
      case MUX_C_ALIVE_CHECK:
        this.note({ socket: name, kind: "check" });
        socket.write(frame(MUX_S_ALIVE, request, 4242));
        return;
      case MUX_C_OPEN_FWD:
        this.note({ socket: name, kind: "forward" });
        socket.write(frame(MUX_S_OK, request));
        return;
      case MUX_C_STOP_LISTENING:
        this.note({ socket: name, kind: "stop" });
        socket.end(frame(MUX_S_OK, request));
        return;
      case MUX_C_TERMINATE:
        this.note({ socket: name, kind: "exit" });
        socket.end(frame(MUX_S_OK, request));
        return;
      case MUX_C_NEW_SESSION: {
        const [tty, , agent, subsystem] = [12, 16, 20, 24].map((at) => body.readUInt32BE(at) !== 0);
        const term = takeString(body, 32);
        const command = takeString(body, term.next).text;
        this.note({ socket: name, kind: "session", command, tty: !!tty, agent: !!agent, subsystem: !!subsystem });
        socket.end(Buffer.concat([frame(MUX_S_SESSION_OPENED, request, 1), frame(MUX_S_EXIT_MESSAGE, 1, 0)]));
        return;
      }
      case MUX_C_NEW_STDIO_FWD: {
        const host = takeString(body, 12);
        this.note({ socket: name, kind: "stdio", host: host.text.toString("latin1"), port: body.readUInt32BE(host.next) });
        socket.end(frame(MUX_S_SESSION_OPENED, request, 1));
        return;
      }
      default:
        this.note({ socket: name, kind: "other" });
        socket.end();
    }
  }

  private note(asked: Asked): void {
    const before = this.asked.get(this.current);
    if (before === undefined) this.asked.set(this.current, [asked]);
    else before.push(asked);
  }
}

function frame(...words: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * words.length);
  bytes.writeUInt32BE(4 * words.length);
  for (const [at, word] of words.entries()) bytes.writeUInt32BE(word, 4 + 4 * at);
  return bytes;
}

function takeString(body: Buffer, at: number): { text: Buffer; next: number } {
  const length = body.readUInt32BE(at);
  return { text: Buffer.from(body.subarray(at + 4, at + 4 + length)), next: at + 4 + length };
}
