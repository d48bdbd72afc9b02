import { problems } from "@ashlar/shared/protocol/problem";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../local/root.ts";

it("O25 docs/PROTOCOL.md lists every problem code with its status and title, and no other", () => {
  const page = readFileSync(join(root, "docs/PROTOCOL.md"), "utf8");
  const listed = [...page.matchAll(/^\| `([\w-]+)` +\| (\d{3}) +\| (.+?) +\|$/gm)].map(([, code, status, title]) => [
    code,
    Number(status),
    title,
  ]);
  expect(listed).toEqual(Object.entries(problems).map(([code, { status, title }]) => [code, status, title]));
});
