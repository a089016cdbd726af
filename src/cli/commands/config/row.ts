/** What `sshim config` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const config: CommandRow = {
  name: "config",
  summary: "every setting, its value, and where it came from; `check` finds mistakes",
  usage: "[check] [--host HOST]",
  operands: 1,
  choices: ["check"],
  options: [{ name: "host", value: "HOST", meaning: "as it is for this host, [[host]] sections included", completes: "host" }],
  explanation: [
    "Files: ~/.config/sshim/config.toml (XDG_CONFIG_HOME honoured; SSHIM_CONFIG names another), then /etc/sshim/config.toml. The environment is stronger than both; the user's file is stronger than the machine's; in one file the first [[host]] section that matches is stronger than its global values.",
  ],
  examples: [
    ["sshim config", "what holds"],
    ["sshim config --host web1.example.com", "for one host"],
    ["sshim config check", "before you rely on it"],
  ],
  exits: [
    [0, "shown; check: nothing wrong"],
    [1, "check: at least one mistake"],
  ],
  load: () => import("./config.ts"),
};
