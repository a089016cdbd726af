/** A TCP proxy on loopback that counts, and that can stop forwarding without telling anybody, as a dead network does. */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Sshd } from "./sshd.ts";

export interface TcpProxy {
  port: number;
  /** connections taken so far */
  connections: () => number;
  /** nothing goes through any more, and nobody is told; new connections are taken and left */
  cut(): void;
  /** what comes from now on goes through again; what was cut stays cut, as after a change of address */
  heal(): void;
  close(): Promise<void>;
}

/** A TCP proxy on loopback; without a target it takes connections and never says a word. */
export async function startProxy(target: number | undefined): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let dead = target === undefined;
  let count = 0;
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
    return socket;
  };
  const server: Server = createServer((near) => {
    count++;
    keep(near);
    if (dead || target === undefined) return;
    const far = keep(connect(target, "127.0.0.1"));
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    connections: () => count,
    cut() {
      dead = true;
      for (const socket of open) socket.unpipe().pause();
    },
    heal() {
      dead = target === undefined;
    },
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The words that lead to this server by another port (a proxy's); the host key is known by the alias. */
export const through = (sshd: Sshd, port: number): string[] => [
  ...sshd.options,
  `-oPort=${port}`,
  `-oHostKeyAlias=[127.0.0.1]:${sshd.port}`,
  sshd.host,
];
