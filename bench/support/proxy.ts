// A TCP proxy on loopback that adds a delay in each direction, or stops forwarding without closing anything: a network, as far as ssh can tell.
import { createServer, connect as dial, type Socket } from "node:net";

export interface Network {
  port: number;
  /** Nothing is forwarded any more, in either direction; connections stay open. */
  cut(): void;
  /** Connections begun since the cut go on, as one whose SYN is sent again; those that were open when it was cut stay dead, as after a lost NAT entry. */
  mend(): void;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 and forwards to `target`; each byte arrives `delay` milliseconds later, in order. */
export async function startProxy(target: number, delay = 0): Promise<Network> {
  const open = new Set<Socket>();
  let dead = new WeakSet<Socket>();
  const waiting = new Set<Socket>();
  let isCut = false;

  const server = createServer((caller) => {
    if (!isCut) return join(caller);
    waiting.add(caller);
    caller.on("error", () => caller.destroy());
    caller.on("close", () => waiting.delete(caller));
  });

  function join(caller: Socket): void {
    const callee = dial(target, "127.0.0.1");
    for (const socket of [caller, callee]) {
      socket.setNoDelay(true);
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => open.delete(socket));
    }
    forward(caller, callee);
    forward(callee, caller);
  }

  function forward(from: Socket, to: Socket): void {
    const later = (act: () => void) => (delay > 0 ? setTimeout(act, delay) : act());
    const lost = () => isCut || dead.has(from) || dead.has(to);
    from.on("data", (bytes) => {
      if (lost()) return;
      later(() => {
        if (lost() || to.destroyed) return;
        if (!to.write(bytes)) {
          from.pause();
          to.once("drain", () => from.resume());
        }
      });
    });
    from.on("end", () => later(() => lost() || to.end()));
    from.on("close", () => later(() => lost() || to.destroy()));
  }

  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    cut() {
      isCut = true;
      for (const socket of open) dead.add(socket);
    },
    mend() {
      isCut = false;
      for (const caller of waiting) join(caller);
      waiting.clear();
    },
    async close() {
      for (const socket of [...open, ...waiting]) socket.destroy();
      dead = new WeakSet();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
