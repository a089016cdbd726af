/** What `sshim install` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const install: CommandRow = {
  name: "install",
  summary: "puts the front before the real ssh: for you, for everybody, or in Coolify",
  usage: "[user|coolify] [--system] [--check] [--uninstall] [--dry-run]",
  operands: 5,
  options: [
    { name: "system", meaning: "user: for everybody, in /usr/local" },
    { name: "check", meaning: "coolify: compare the failures (255) in the logs with those before" },
    { name: "uninstall", meaning: "take everything out again" },
    { name: "dry-run", meaning: "only say what would be done" },
  ],
  explanation: [
    "Without an argument it installs for you: ~/.local/lib/sshim, and a line for PATH in the start-up files of sh, bash, zsh and fish. The same command again changes nothing.",
    "In Coolify's host, `sshim install coolify` adds bind mounts to docker-compose.custom.yml and prints the one command that applies them.",
  ],
  examples: [
    ["sshim install", "for you"],
    ["sudo sshim install --system", "for everybody"],
    ["sshim install coolify --dry-run", "what would be done to Coolify"],
    ["sshim install --uninstall", "as before"],
  ],
  exits: [
    [0, "installed, or nothing to do"],
    [1, "not installed; the line on stderr says why"],
  ],
  choices: ["user", "coolify"],
  load: () => import("./install.ts"),
};
