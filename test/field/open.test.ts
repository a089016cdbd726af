/** The table of open faults names tests that exist: a row whose test was renamed or removed would otherwise stay there for ever. */
import { expect, it } from "vitest";
import { projectFiles } from "../house/files.ts";
import { open } from "./open.ts";

it("every open fault has its test", () => {
  const tests = projectFiles(["test/field/"], [".test.ts"])
    .map(({ text }) => text)
    .join("\n");
  expect(Object.keys(open).filter((name) => !tests.includes(JSON.stringify(name)))).toEqual([]);
});
