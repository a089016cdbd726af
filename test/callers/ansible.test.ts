/** Ansible itself with its default ssh arguments (its own ControlPath), five hosts, a loop with ten forks, and reset_connection. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { onBothSides, type Side, visibleIn, wholeSize } from "../support/both-sides.ts";
import { findProgram, type Sshd, scratch, startSshd, visible } from "../support/index.ts";

const names = ["h1", "h2", "h3", "h4", "h5"];
let hosts: Sshd[];
let config: string;
const first = () => hosts[0] as Sshd;
const authentications = () => hosts.map((host) => host.authentications());

beforeAll(async () => {
  if (!findProgram("ansible")) return;
  hosts = await Promise.all(names.map((host) => startSshd({ host })));
  config = join(scratch(), "config");
  writeFileSync(config, hosts.map(({ configFile }) => readFileSync(configFile, "utf8")).join("\n"), { mode: 0o600 });
});

describe.skipIf(!findProgram("ansible"))("Ansible", () => {
  it("pings and copies with its modules, all over one connection a host", async () => {
    const before = authentications();
    const { real, shim } = await onBothSides(first(), async (side) => {
      const ansible = prepare(side);
      writeFileSync(join(side.folder, "file"), "content\n");
      const ping = await ansible("ansible", "h1", "-m", "ping");
      const copy = await ansible("ansible", "h1", "-m", "copy", "-a", `src=file dest=${side.folder}/copied mode=0640`);
      const volatile = /"(md5sum|src)": .*\n/g;
      return {
        ping: visibleIn(side, ping),
        copy: visibleIn(side, copy)
          .stdout.replace(volatile, "")
          .replace(/"(?:uid|gid|owner|group)".*\n/g, ""),
        copied: readFileSync(join(side.folder, "copied"), "utf8"),
      };
    });
    expect(shim).toEqual(real);
    expect(shim.copied).toBe("content\n");
    expect(authentications()[0]).toBe((before[0] ?? 0) + 2);
  });

  const rounds = wholeSize ? 30 : 6;
  it(`runs a loop of ${rounds} tasks on five hosts with ten forks, one authentication a host`, async () => {
    const before = authentications();
    let afterReal: number[] = [];
    const { real, shim } = await onBothSides(first(), async (side) => {
      const ansible = prepare(side);
      const task = {
        name: "count",
        raw: `echo {{ inventory_hostname }} {{ item }} >>${side.folder}/done; echo {{ item }}`,
        loop: `{{ range(${rounds}) | list }}`,
      };
      playbook(side, [task]);
      const { exitCode, stdout, stderr } = visibleIn(side, await ansible("ansible-playbook", "--forks", "10", "play.yml"));
      if (side.name === "real") afterReal = authentications();
      const done = readFileSync(join(side.folder, "done"), "utf8").split("\n").filter(Boolean).sort();
      return { exitCode, stderr, lines: stdout.split("\n").sort(), done };
    });
    expect(shim).toEqual(real);
    expect(new Set(shim.done).size).toBe(rounds * 5);
    expect(shim.done).toHaveLength(rounds * 5);
    expect(authentications().map((count, index) => count - (afterReal[index] ?? 0))).toEqual([1, 1, 1, 1, 1]);
    expect(before).toHaveLength(5);
  });

  it("resets a connection in the middle: the next task has a new one", async () => {
    const counts: number[] = [];
    const { real, shim } = await onBothSides(first(), async (side) => {
      const ansible = prepare(side);
      const raw = { raw: "echo $SSH_CONNECTION | cut -d' ' -f2", register: "port" };
      const say = { debug: { msg: "{{ port.stdout | length > 0 }}" } };
      playbook(side, [raw, say, { meta: "reset_connection" }, raw, say], "h1");
      const before = first().authentications();
      const result = visibleIn(side, await ansible("ansible-playbook", "play.yml"));
      counts.push(first().authentications() - before);
      return result;
    });
    expect(shim).toEqual(real);
    expect(shim.exitCode).toBe(0);
    expect(counts).toEqual([2, 2]);
  });

  it("reports an unreachable host in the same words", async () => {
    const { real, shim } = await onBothSides(first(), async (side) => {
      const ansible = prepare(side, "h1 ansible_port=1\n");
      return visible(await ansible("ansible", "h1", "-m", "raw", "-a", "true"));
    });
    expect(shim).toEqual(real);
    expect(shim.exitCode).toBe(4);
  });
});

/** Ansible with nothing of the account: its home, its ControlPath folder and its inventory lie in the side's folder. */
function prepare(side: Side, inventory = `${names.join("\n")}\n`) {
  writeFileSync(join(side.folder, "hosts"), inventory);
  writeFileSync(join(side.folder, "ansible.cfg"), "[defaults]\n");
  mkdirSync(join(side.folder, "cp"), { recursive: true });
  const env = {
    HOME: side.folder,
    ANSIBLE_HOME: join(side.folder, ".ansible"),
    ANSIBLE_CONFIG: join(side.folder, "ansible.cfg"),
    ANSIBLE_INVENTORY: join(side.folder, "hosts"),
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(side.folder, "cp"),
    ANSIBLE_SSH_COMMON_ARGS: `-F ${config}`,
    ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
    ANSIBLE_LOCAL_TEMP: join(side.folder, "tmp"),
    ANSIBLE_REMOTE_TEMP: join(side.folder, "remote"),
    ANSIBLE_GATHERING: "explicit",
    ANSIBLE_NOCOLOR: "1",
    ANSIBLE_DEVEL_WARNING: "0",
  };
  return (program: string, ...words: string[]) => side.run(program, words, { env });
}

function playbook(side: Side, tasks: object[], which = "all"): void {
  writeFileSync(join(side.folder, "play.yml"), JSON.stringify([{ hosts: which, gather_facts: false, tasks }]));
}
