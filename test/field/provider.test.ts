/** Keys on a token (PKCS#11, by SoftHSM where it is installed): which token it is, and who knows its PIN, belong to the connection. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { findProgram } from "../support/programs.ts";
import { accept, beside, type Field, line, reach, type Side, scratch, startField, toBox } from "./scene.ts";

const PIN = "1234";
const library = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"].find(
  existsSync,
);
const hasTokens = library !== undefined && findProgram("softhsm2-util") !== undefined;

let field: Field;
/** SOFTHSM2_CONF of two stores with a token each: alice's and bob's */
let stores: { alice: string; bob: string };
beforeAll(async () => {
  if (!hasTokens) return;
  field = await startField();
  const folder = scratch();
  stores = { alice: makeToken(folder, "alice"), bob: makeToken(folder, "bob") };
});

/** A store with one token and one key on it that machine one accepts. */
function makeToken(folder: string, who: string): string {
  const [store, conf, key] = [join(folder, `${who}.tokens`), join(folder, `${who}.conf`), join(folder, `${who}.key`)];
  mkdirSync(store);
  writeFileSync(conf, `directories.tokendir = ${store}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "", "-f", key]);
  accept(field.one, "one", `${who}'s token`, key);
  const util = (...words: string[]) =>
    execFileSync("softhsm2-util", words, { stdio: "ignore", env: { ...process.env, SOFTHSM2_CONF: conf } });
  util("--init-token", "--free", "--label", who, "--pin", PIN, "--so-pin", PIN);
  util("--import", key, "--id", "01", "--label", who, "--token", who, "--pin", PIN);
  return conf;
}

describe("a provider of keys", () => {
  const words = (side: Side, provider = library) => [
    ...toBox(side, field, [`PKCS11Provider ${provider}`, "IdentitiesOnly no"], "none"),
    reach,
  ];
  const withPin = (side: Side, pin: string, conf: string) => ({
    SOFTHSM2_CONF: conf,
    SSH_ASKPASS: side.script(`pin-${pin}`, `echo ${pin}`),
    SSH_ASKPASS_REQUIRE: "force",
    DISPLAY: ":9",
  });

  beside(
    "a variable that the provider reads chooses the token",
    async (side) => {
      const seen = [];
      for (const who of ["alice", "bob", "alice"] as const)
        seen.push(line(await side.ssh(words(side), { env: withPin(side, PIN, stores[who]) })));
      return seen;
    },
    ["0: one alice's token", "0: one bob's token", "0: one alice's token"],
    hasTokens,
  );

  beside(
    "a wrong PIN after a right one",
    async (side) => [
      line(await side.ssh(words(side), { env: withPin(side, PIN, stores.alice) })),
      line(await side.ssh(words(side), { env: withPin(side, "9999", stores.alice) })),
    ],
    ["0: one alice's token", expect.stringMatching(/^255: ! [\s\S]*Permission denied \(publickey\)\.$/)],
    hasTokens,
  );

  beside(
    "a relative path of a PKCS11Provider",
    (side) => {
      symlinkSync(library ?? "", side.path("x.so"));
      return side.ssh(words(side, "./x.so"), { env: withPin(side, PIN, stores.alice) }).then(line);
    },
    "0: one alice's token",
    hasTokens,
  );

  beside(
    "a relative SOFTHSM2_CONF",
    (side) => {
      symlinkSync(stores.alice, side.path("softhsm2.conf"));
      return side.ssh(words(side), { env: withPin(side, PIN, "softhsm2.conf") }).then(line);
    },
    "0: one alice's token",
    hasTokens,
  );
});
