/** Which machine a name leads to, when the resolver's files or variables say otherwise: /etc/hosts, a mount namespace, the search list. */
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { beforeAll, describe } from "vitest";
import { canMount } from "../support/rights.ts";
import { beside, type Field, line, reach, type Side, startField, writeConfig } from "./scene.ts";

let field: Field;
beforeAll(async () => {
  field = await startField();
});

describe("the resolver", () => {
  const configure = (side: Side) =>
    writeConfig(side.path("config"), field, ["Host db", "  HostName db", "  HostKeyAlias box", `  Port ${field.one.port}`]);
  const hosts = (file: string, address: string) => writeFileSync(file, `127.0.0.1 localhost\n${address} db\n`);
  /** Runs a script of calls in a mount namespace of its own, in which files of the scene lie on files of /etc. */
  const apart = async (side: Side, mounts: Record<string, string>, script: string) => {
    const binds = Object.entries(mounts).map(([target, file]) => `mount --bind ${file} ${target}`);
    const all = [...binds, `db() { ssh -F ${side.path("config")} db '${reach}'; }`, script];
    return line(await side.call("unshare", ["-m", "/bin/sh", "-ec", all.join("\n")]));
  };

  beside(
    "a name that /etc/hosts has at another address since",
    async (side) => {
      configure(side);
      hosts(side.path("hosts"), "127.0.0.1");
      hosts(side.path("later"), "127.0.0.2");
      return apart(side, { "/etc/hosts": side.path("hosts") }, `db; cat ${side.path("later")} > ${side.path("hosts")}; db`);
    },
    "0: one alice\ntwo alice",
    canMount,
  );

  beside(
    "two mount namespaces with two /etc/hosts and one runtime directory",
    async (side) => {
      configure(side);
      const seen = [];
      for (const address of ["127.0.0.1", "127.0.0.2", "127.0.0.1"]) {
        const file = side.path(`hosts-${address}`);
        hosts(file, address);
        seen.push(await apart(side, { "/etc/hosts": file }, "db"));
      }
      return seen;
    },
    ["0: one alice", "0: two alice", "0: one alice"],
    canMount,
  );

  for (const [name, variable, values] of [
    ["a name that LOCALDOMAIN completes", "LOCALDOMAIN", (_: Side) => ["east.test", "west.test"]],
    [
      "a name that HOSTALIASES translates",
      "HOSTALIASES",
      (side: Side) =>
        ["east", "west"].map((name) => {
          writeFileSync(side.path(name), `db db.${name}.test\n`);
          return side.path(name);
        }),
    ],
    // With so many dots wanted, a name is first tried in the domains of the search list.
    ["a name of which RES_OPTIONS says how to complete it", "RES_OPTIONS", (_: Side) => ["ndots:1", "ndots:3"]],
  ] as const)
    beside(
      name,
      async (side) => {
        writeConfig(side.path("config"), field, ["Host db db.mid", "  HostName %h", "  HostKeyAlias box", `  Port ${field.one.port}`]);
        const dns = await startNames({
          "db.east.test": "127.0.0.1",
          "db.west.test": "127.0.0.2",
          "db.mid": "127.0.0.1",
          "db.mid.west.test": "127.0.0.2",
        });
        try {
          writeFileSync(side.path("resolv"), `nameserver ${dns.address}\nsearch west.test\n`);
          writeFileSync(side.path("nsswitch"), "hosts: files dns\n");
          const mounts = { "/etc/resolv.conf": side.path("resolv"), "/etc/nsswitch.conf": side.path("nsswitch") };
          const host = variable === "RES_OPTIONS" ? "db.mid" : "db";
          const calls = values(side).map((value) => `${variable}=${value} ssh -F ${side.path("config")} ${host} '${reach}'`);
          return await apart(side, mounts, calls.join("\n"));
        } finally {
          dns.close();
        }
      },
      "0: one alice\ntwo alice",
      canMount,
    );
});

/** A server of names on a loopback address of its own (port 53, so as root): what it does not know is not there. */
async function startNames(names: Record<string, string>): Promise<{ address: string; close(): void }> {
  const server = createSocket("udp4");
  const address = `127.${1 + (process.pid % 200)}.77.53`;
  server.on("message", (question, from) => {
    const labels = [];
    let at = 12;
    for (let size = question[at] ?? 0; size > 0; size = question[at] ?? 0) {
      labels.push(question.subarray(at + 1, at + 1 + size).toString("latin1"));
      at += 1 + size;
    }
    const found = names[labels.join(".").toLowerCase()];
    const isAddress = question.readUInt16BE(at + 1) === 1;
    const answer = Buffer.from(question.subarray(0, at + 5));
    answer.writeUInt16BE(found === undefined ? 0x8583 : 0x8580, 2);
    answer.writeUInt16BE(found !== undefined && isAddress ? 1 : 0, 6);
    for (const count of [8, 10]) answer.writeUInt16BE(0, count);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...(found ?? "0.0.0.0").split(".").map(Number)]);
    server.send(found !== undefined && isAddress ? Buffer.concat([answer, record]) : answer, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).bind(53, address, resolve));
  return { address, close: () => server.close() };
}
