/**
 * Another user of this machine: a place, a configuration or a program of his, brought along by `su` or `sudo -E`, gains him nothing, and costs
 * nobody the sharing. As root, in mount namespaces of the test's own with an empty /tmp and /dev/shm.
 */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname, join, relative } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { poll, processTree, realProgram, repository, shellQuote, shimFolder, systemPath, temporaryDirectories } from "../support/index.ts";
import { canMount, hasSecondUser, isRoot, NOBODY, openFolder } from "../support/rights.ts";
import { alone, type Field, line, reach, type Side, startField, textOf, toBox } from "./scene.ts";

/** Mounts and a second user. */
const possible = canMount && hasSecondUser;
let field: Field;
beforeAll(async () => {
  field = await startField();
});

/** A folder of the second user's, which he may rename and remove things in. */
function his(name = "his", mode = 0o755): string {
  const folder = join(openFolder(), name);
  mkdirSync(folder);
  chmodSync(folder, mode);
  chownSync(folder, NOBODY, NOBODY);
  return folder;
}

/** A file of root's that nobody may change. */
function victim(side: Side): string {
  const file = side.path("victim");
  writeFileSync(file, "root's own\n", { mode: 0o600 });
  return file;
}

/** Another place that is root's alone, next in the list after SSHIM_DIR. */
function next(side: Side): string {
  mkdirSync(side.path("next"), { recursive: true, mode: 0o700 });
  return side.path("next");
}

/** Two calls, which must be as they should and share one connection. */
async function expectShared(side: Side, env: Record<string, string | undefined>): Promise<void> {
  const words = [...toBox(side, field), reach];
  const before = field.one.authentications();
  for (let count = 0; count < 2; count++) expect(line(await side.ssh(words, { env }))).toBe("0: one alice");
  expect(field.one.authentications() - before, "handshakes of two calls").toBe(1);
}

/** Runs a script with an empty /tmp and /dev/shm of its own, to which only this test's folders are brought; `box` calls ssh, `nobody` is the other user. */
function apart(side: Side, script: string, env: Record<string, string | undefined> = {}) {
  const kept = [...temporaryDirectories(), ...[systemPath, repository].filter((path) => path.startsWith("/tmp/"))];
  const prelude = [
    "mount -t tmpfs none /mnt",
    ...kept.map((folder, index) => `mkdir /mnt/${index}; mount --bind ${folder} /mnt/${index}`),
    "for empty in /tmp /dev/shm; do mount -t tmpfs -o mode=1777 none $empty; done",
    ...kept.map((folder, index) => `mkdir -p ${folder}; mount --move /mnt/${index} ${folder}`),
    `box() { ssh ${toBox(side, field).map(shellQuote).join(" ")} "$@"; }`,
    'nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }',
  ];
  const all = { SSHIM_DIR: undefined, ...env };
  return side.call("unshare", ["-m", "/bin/sh", "-ec", [...prelude, script].join("\n")], { env: all, timeout: 40_000 });
}

/** The script of two calls in such a place, and what they must show and cost. */
const twoCalls = `box '${reach}'; box '${reach}'`;
async function expectTwoShared(work: () => ReturnType<typeof apart>): Promise<void> {
  const count = field.one.authentications();
  expect(line(await work())).toBe(`0: one alice\none alice`);
  expect(field.one.authentications() - count, "handshakes of two calls").toBe(1);
}

describe("a place of another user's", () => {
  alone(
    "a runtime directory in another user's folder is not used, and the next place is",
    async (side) => {
      const folder = his();
      await expectShared(side, { SSHIM_DIR: join(folder, "r"), XDG_RUNTIME_DIR: next(side) });
      expect(readdirSync(folder)).toEqual([]);
    },
    possible,
  );

  alone(
    "a runtime directory below another user's folder, but root's own, is not used, and the next place is",
    async (side) => {
      const folder = join(his(), "r");
      mkdirSync(folder, { mode: 0o700 });
      await expectShared(side, { SSHIM_DIR: folder, XDG_RUNTIME_DIR: next(side) });
      expect(readdirSync(folder)).toEqual([]);
    },
    possible,
  );

  alone(
    "nothing of root's is written through a runtime directory that its owner exchanges during a dial",
    async (side) => {
      const folder = his();
      const file = victim(side);
      const door = createServer();
      let arrived = 0;
      let shut = false;
      door.on("connection", (socket) => {
        arrived++;
        socket.on("error", () => undefined);
        if (shut) socket.resume().end();
        else held.push(socket);
      });
      const held: Socket[] = [];
      await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
      const letGo = () => {
        shut = true;
        for (const socket of held.splice(0)) socket.resume().end();
      };
      try {
        const words = [...toBox(side, field, [`Port ${(door.address() as { port: number }).port}`]), "true"];
        const options = (run: string) => ({ env: { SSHIM_DIR: run, XDG_RUNTIME_DIR: next(side) } });
        // A rehearsal, in which the attacker learns the names of the files: they are hashes of what everybody can know.
        letGo();
        mkdirSync(side.path("rehearsal"), { mode: 0o700 });
        await side.ssh(words, options(side.path("rehearsal")));
        const names = readdirSync(side.path("rehearsal"), { recursive: true, withFileTypes: true });
        shut = false;
        arrived = 0;
        const running = side.start(words, options(join(folder, "r")));
        await poll(() => arrived > 0, "the dial", 10_000);
        if (existsSync(join(folder, "r"))) renameSync(join(folder, "r"), join(folder, "before"));
        mkdirSync(join(folder, "r"));
        const pids = processTree(running.pid ?? 0);
        for (const entry of names) {
          const copy = join(folder, "r", relative(side.path("rehearsal"), join(entry.parentPath, entry.name)));
          mkdirSync(entry.isDirectory() ? copy : dirname(copy), { recursive: true });
          // Drafts have the name of their process.
          if (!entry.isDirectory()) for (const name of [copy, ...pids.map((pid) => `${copy}.${pid}`)]) symlinkSync(file, name);
        }
        letGo();
        await running;
        expect([readFileSync(file, "utf8"), lstatSync(file).mode & 0o777]).toEqual(["root's own\n", 0o600]);
      } finally {
        letGo();
        door.close();
      }
    },
    possible,
  );

  alone(
    "XDG_RUNTIME_DIR of another user counts as unset: nothing is made there, and calls share",
    async (side) => {
      const folder = his("run", 0o700);
      await expectTwoShared(() => apart(side, twoCalls, { XDG_RUNTIME_DIR: folder }));
      expect(readdirSync(folder)).toEqual([]);
    },
    possible,
  );

  /** The second user's environment, with the programs where he may read them. */
  const theirs = (runtime: string, programs: string) =>
    `nobody env HOME=/nonexistent XDG_RUNTIME_DIR=${runtime} PATH=${programs}:${systemPath}`;
  const bring = (programs: string) => `mount --bind ${shimFolder} ${programs}`;

  alone(
    "the other user's calls share after root has called with his XDG_RUNTIME_DIR",
    async (side) => {
      const [folder, programs] = [his("run", 0o700), his("bin")];
      const key = join(folder, "key");
      copyFileSync(field.keys.alice, key);
      chownSync(key, NOBODY, NOBODY);
      const options = [
        "-F",
        "none",
        "-i",
        key,
        "-p",
        String(field.one.port),
        "-oUserKnownHostsFile=/dev/null",
        "-oStrictHostKeyChecking=no",
        "-q",
      ];
      const call = `${theirs(folder, programs)} ssh ${options.join(" ")} ${field.one.user}@127.0.0.1 '${reach}'`;
      const before = field.one.authentications();
      const shown = await apart(side, `${bring(programs)}; box true; ${call}; ${call}; ${call}`, { XDG_RUNTIME_DIR: folder });
      expect(line(shown)).toBe("0: one alice\none alice\none alice");
      expect(field.one.authentications() - before).toBe(2);
    },
    possible,
  );

  alone(
    "doctor finds its way where XDG_RUNTIME_DIR is another user's",
    async (side) => {
      const programs = his("bin");
      const script = `mkdir -m 700 /tmp/private; code=0; ${theirs("/tmp/private", programs)} sshim doctor >/dev/null || code=$?; echo $code`;
      expect(line(await apart(side, `${bring(programs)}; ${script}`))).toMatch(/^0: [01]$/);
    },
    possible,
  );

  alone(
    "calls share where another user has taken the name of the usual place",
    (side) => expectTwoShared(() => apart(side, `mkdir -m 700 /tmp/sshim-0; chown 65534 /tmp/sshim-0; ${twoCalls}`)),
    possible,
  );

  alone(
    "root in another user's namespace takes no name of root's",
    async (side) => {
      // The front alone, where the second user may read it.
      const copy = join(openFolder(), "ssh");
      copyFileSync(side.program, copy);
      chmodSync(copy, 0o755);
      const call = `nobody unshare -Ur ${copy} -F none -o BatchMode=yes -o UserKnownHostsFile=none -p ${field.one.port} 127.0.0.1 true`;
      const script = `${call} 2>/dev/null || true; stat -c %u /tmp/sshim-0 2>/dev/null || true; ${twoCalls}`;
      await expectTwoShared(() => apart(side, script));
    },
    possible,
  );
});

describe("a configuration of another user's", () => {
  /** Calls with his config.toml in force by way of `place`, one which says where the journal lies. */
  const withConfig = async (side: Side, text: string, env: (folder: string) => Record<string, string>) => {
    const folder = his();
    for (const path of ["sshim", ".config", ".config/sshim"]) mkdirSync(join(folder, path));
    for (const path of ["sshim/config.toml", ".config/sshim/config.toml", "config.toml"]) {
      writeFileSync(join(folder, path), text);
      chownSync(join(folder, path), NOBODY, NOBODY);
    }
    const words = [...toBox(side, field), reach];
    for (let count = 0; count < 2; count++) expect(line(await side.ssh(words, { env: env(folder) }))).toBe("0: one alice");
  };

  for (const [name, env] of [
    ["a journal that another user's XDG_CONFIG_HOME names is not written", (folder: string) => ({ XDG_CONFIG_HOME: folder })],
    ["a journal that the configuration in another user's HOME names is not written", (folder: string) => ({ HOME: folder })],
    [
      "a journal that another user's SSHIM_CONFIG names is not written",
      (folder: string) => ({ SSHIM_CONFIG: join(folder, "config.toml") }),
    ],
  ] as const)
    alone(
      name,
      async (side) => {
        const file = victim(side);
        await withConfig(side, `journal = ${JSON.stringify(file)}\n`, env);
        expect(textOf(file)).toBe("root's own\n");
      },
      possible,
    );

  alone(
    "a file that another user's configuration calls a journal, and too big, is not moved away",
    async (side) => {
      const file = victim(side);
      writeFileSync(file, "x".repeat(70_000));
      await withConfig(side, `journal = ${JSON.stringify(file)}\njournal_size = 65536\n`, (folder) => ({ XDG_CONFIG_HOME: folder }));
      expect([textOf(file).length, existsSync(`${file}.1`)]).toEqual([70_000, false]);
    },
    possible,
  );

  alone(
    "a journal is not written through another user's link",
    async (side) => {
      const file = victim(side);
      const folder = his("logs", 0o777);
      symlinkSync(file, join(folder, "journal"));
      writeFileSync(side.path("config.toml"), `journal = ${JSON.stringify(join(folder, "journal"))}\n`, { mode: 0o600 });
      expect(line(await side.ssh([...toBox(side, field), reach], { env: { SSHIM_CONFIG: side.path("config.toml") } }))).toBe(
        "0: one alice",
      );
      expect(textOf(file)).toBe("root's own\n");
    },
    possible,
  );

  alone(
    "a configuration that others may write turns nothing on: its calls are not shared",
    async (side) => {
      writeFileSync(side.path("config.toml"), 'persist = "1h"\n');
      chmodSync(side.path("config.toml"), 0o666);
      const before = field.one.authentications();
      const words = [...toBox(side, field), reach];
      for (let count = 0; count < 2; count++)
        expect(line(await side.ssh(words, { env: { SSHIM_CONFIG: side.path("config.toml") } }))).toBe("0: one alice");
      expect(field.one.authentications() - before).toBe(2);
    },
    possible,
  );
});

describe("a program of another user's", () => {
  for (const [name, variable] of [
    ["SSHIM_REAL_SSH that names another user's program does not run it", "SSHIM_REAL_SSH"],
    ["SSHIM_CONTROL that names another user's program does not run it", "SSHIM_CONTROL"],
  ] as const)
    alone(
      name,
      async (side) => {
        const folder = his();
        const [program, mark] = [join(folder, "program"), side.path("ran")];
        writeFileSync(program, `#!/bin/sh\n: > ${mark}\nexec ${realProgram} "$@"\n`, { mode: 0o755 });
        chownSync(program, NOBODY, NOBODY);
        expect(line(await side.ssh([...toBox(side, field), reach], { env: { [variable]: program } }))).toBe("0: one alice");
        expect(existsSync(mark)).toBe(false);
      },
      possible,
    );

  const script = join(repository, "install/ci/sshim-ci.sh");
  /** The number that the script's names end in. */
  const number = "$(printf %s job | cksum | tr -d ' ')";

  alone(
    "sshim-ci.sh finish runs nothing that another user has laid ready",
    async (side) => {
      const folder = his();
      const mark = side.path("ran");
      mkdirSync(join(folder, "bin"));
      writeFileSync(join(folder, "bin/sshim"), `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
      const squat = `for place in /dev/shm /tmp; do mkdir $place/sshim-0-${number}; echo ${folder}/bin > $place/sshim-0-${number}.bin; chown 65534 $place/sshim-0-*; done`;
      await apart(side, `${squat}; sh ${script} finish`, { SSHIM_SCOPE: "job" });
      expect(existsSync(mark)).toBe(false);
    },
    possible,
  );

  alone(
    "sshim-ci.sh start unpacks nothing into a folder that another user has made",
    async (side) => {
      mkdirSync(side.path("archive/bin"), { recursive: true });
      for (const name of ["ssh", "sshim", "sshim-control"]) side.script(`archive/bin/${name}`, "exit 0");
      const squat = `for place in /dev/shm /tmp; do mkdir -m 777 $place/sshim-0-${number}; chown 65534 $place/sshim-0-*; done`;
      const pack = `tar -czf ${side.path("a.tgz")} -C ${side.folder} archive; eval "$(sh ${script} start 2>/dev/null)"`;
      const owners = `folder=$(dirname "$(command -v ssh)"); while [ "$folder" != / ]; do stat -c %u "$folder"; folder=$(dirname "$folder"); done | sort -u`;
      const env = { SSHIM_SCOPE: "job", SSHIM_ARCHIVE: side.path("a.tgz") };
      expect(line(await apart(side, `${squat}; ${pack}; ${owners}`, env))).toBe("0: 0");
    },
    possible,
  );
});

/** Without the powers by which root passes every mode. */
const plainly = isRoot ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : ["env"];

alone("calls share after a first one whose umask took everything from its own files", async (side) => {
  const words = [...toBox(side, field), reach];
  const env = { SSHIM_DIR: side.path("new") };
  const call = (prefix: readonly string[]) => side.call(plainly[0] as string, [...plainly.slice(1), ...prefix, "ssh", ...words], { env });
  expect(line(await call(["/bin/sh", "-c", 'umask 0177; exec "$@"', "sh"]))).toBe("0: one alice");
  const before = field.one.authentications();
  for (let count = 0; count < 3; count++) expect(line(await call([]))).toBe("0: one alice");
  expect(field.one.authentications() - before).toBeLessThanOrEqual(1);
});
