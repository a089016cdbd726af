/**
 * The real docker client over ssh://, one process a connection to the API, alone and twenty at once. The remote's `docker system dial-stdio` is a
 * stand-in that connects to a small API of ours.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { onBothSides, onSide, type Side } from "../support/both-sides.ts";
import { findProgram, realProgram, type Sshd, scratch, shellQuote, shimFolder, startSshd, systemPath, visible } from "../support/index.ts";

let sshd: Sshd;
let api: Server;
let requests = 0;

beforeAll(async () => {
  const { port, server } = await startApi();
  api = server;
  const bin = scratch();
  const standIn = `#!/bin/sh\n[ "$*" = "system dial-stdio" ] || exit 64\nexec ${buildFake("tcp-pipe")} ${port}\n`;
  writeFileSync(join(bin, "docker"), standIn, { mode: 0o755 });
  sshd = await startSshd({ config: [`SetEnv PATH=${bin}:/usr/bin:/bin`] });
});
afterAll(() => api.close());

describe.skipIf(!findProgram("docker"))("docker -H ssh://", () => {
  it("shows the remote's containers and version, every call over one connection", async () => {
    const { real, shim, authentications, withoutShim } = await onBothSides(sshd, async (side) => {
      const call = prepare(side);
      return [
        visible(await call("ps")),
        visible(await call("ps", "--all", "--format", "{{.Names}}")),
        visible(await call("version", "--format", "{{.Server.Version}}")),
        visible(await call("inspect", "nothing")),
      ];
    });
    expect(shim).toEqual(real);
    expect(shim[1]?.stdout).toBe("one\ntwo\n");
    expect(shim.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 1]);
    expect(authentications).toBe(1);
    expect(withoutShim).toBeGreaterThanOrEqual(4);
  });

  it("serves twenty calls at once with one authentication for ten sessions", async () => {
    requests = 0;
    const [results, cost] = await onSide("shim", sshd, async (side) => {
      const call = prepare(side);
      return Promise.all(Array.from({ length: 20 }, () => call("ps", "--format", "{{.Names}}")));
    });
    expect(new Set(results.map((result) => JSON.stringify(visible(result)))).size).toBe(1);
    expect(results[0]?.stdout.toString()).toBe("one\ntwo\n");
    expect(requests).toBeGreaterThanOrEqual(40);
    expect(cost).toBeLessThanOrEqual(4);
  });

  it("says what the real one makes it say when nobody listens", async () => {
    const { real, shim } = await onBothSides(sshd, async (side) => visible(await prepare(side, 1)("ps")));
    expect(shim).toEqual(real);
    expect(shim.exitCode).toBe(1);
  });
});

/** docker cannot be given ssh's options, and ~/.ssh is the account's: an ssh of its own on PATH adds them. */
function prepare(side: Side, port = sshd.port) {
  const bin = join(side.folder, "bin");
  mkdirSync(bin, { recursive: true });
  const ssh = side.name === "real" ? realProgram : join(shimFolder, "ssh");
  const options = sshd.plainOptions.filter((word, index, words) => word !== "-p" && words[index - 1] !== "-p");
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec ${[ssh, ...options].map(shellQuote).join(" ")} "$@"\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:${systemPath}`, SSHIM_REAL_SSH: realProgram, DOCKER_CONFIG: join(side.folder, "config"), HOME: side.folder };
  return (...words: string[]) => side.run("docker", ["-H", `ssh://${sshd.user}@127.0.0.1:${port}`, ...words], { env });
}

/** As much of Docker's API as `docker ps`, `version` and `inspect` ask for. */
async function startApi(): Promise<{ port: number; server: Server }> {
  const container = (name: string) => ({
    Id: name.repeat(21),
    Names: [`/${name}`],
    Image: "i",
    Command: "c",
    Created: 1,
    State: "running",
    Status: "Up",
    Ports: [],
  });
  const server = createServer((request, response) => {
    requests++;
    const path = (request.url ?? "").replace(/^\/v[\d.]+/, "").replace(/\?.*/, "");
    const answers: Record<string, unknown> = {
      "/_ping": "OK",
      "/version": { Version: "99.1", ApiVersion: "1.41", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64", Components: [] },
      "/containers/json": [container("one"), container("two")],
    };
    const answer = answers[path];
    response.setHeader("Api-Version", "1.41");
    response.setHeader("Ostype", "linux");
    response.setHeader("Content-Type", "application/json");
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(request.method === "HEAD" ? undefined : JSON.stringify(answer ?? { message: `no such thing: ${path}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { port: typeof address === "object" && address ? address.port : 0, server };
}
