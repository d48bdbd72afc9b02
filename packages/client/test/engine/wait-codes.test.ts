import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { remedies } from "../../src/doctor/finding.ts";
import { waitCodes } from "../../src/engine/wait-codes.ts";

const page = readFileSync(new URL("../../../../docs/COMMAND.md", import.meta.url), "utf8");

/** The codes in the first column of the table under that heading. */
function listed(heading: string): string[] {
  const section = page.slice(page.indexOf(`## ${heading}\n`)).split("\n## ")[0] ?? "";
  const cells = section.split("\n").flatMap((line) => /^\| (`.*?`) +\|/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? ""));
}

it("M45 every reason that an item can wait for is documented, and no other", () => {
  expect(listed("Reasons to wait").toSorted()).toEqual(Object.keys(waitCodes).toSorted());
});

it("M45 every kind of finding is documented, and no other", () => {
  expect(listed("What doctor finds").toSorted()).toEqual(Object.keys(remedies).toSorted());
});
