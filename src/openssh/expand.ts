/**
 * Expands `~`, `%` tokens and `${NAME}` in a path that `ssh -G` prints raw (identity and
 * certificate files), as load_public_identity_files() of ssh.c does.
 */
import { type Environment, readVariable } from "../protocol/environment.ts";
import { type Account, homeOf } from "./account.ts";
import { optionOf, type Resolved } from "./ssh-g.ts";

/** The path as ssh will open it; undefined when that cannot be told here. */
export function expandPath(
  path: string,
  resolved: Resolved,
  account: Account,
  env: Environment,
  localHost: () => string,
): string | undefined {
  const start = expandTilde(path, account);
  if (start === undefined) {
    return undefined;
  }
  let unknown = false;
  const expanded = start.replace(/%(.?)|\$\{([^}]*)\}/gs, (_, token: string | undefined, name: string | undefined) => {
    const value = name === undefined ? expandToken(token ?? "", resolved, account, localHost) : readVariable(env, name);
    unknown ||= value === undefined;
    return value ?? "";
  });
  return unknown ? undefined : expanded;
}

function expandTilde(path: string, account: Account): string | undefined {
  if (!path.startsWith("~")) {
    return path;
  }
  const slash = path.indexOf("/");
  const name = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const home = name === "" ? account.home : homeOf(name);
  return home === undefined ? undefined : home + (slash < 0 ? "" : path.slice(slash));
}

/** ssh_config(5), TOKENS. `%C` and `%j` are left out: they are not worth their weight. */
function expandToken(token: string, resolved: Resolved, account: Account, localHost: () => string): string | undefined {
  switch (token) {
    case "%":
      return "%";
    case "d":
      return account.home;
    case "h":
      return optionOf(resolved, "hostname");
    case "i":
      return String(account.uid);
    case "k":
      return optionOf(resolved, "hostkeyalias") ?? optionOf(resolved, "host");
    case "L":
      return localHost().split(".")[0];
    case "l":
      return localHost();
    case "n":
      return optionOf(resolved, "host");
    case "p":
      return optionOf(resolved, "port");
    case "r":
      return optionOf(resolved, "user");
    case "u":
      return account.name;
    default:
      return undefined;
  }
}
