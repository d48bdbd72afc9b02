import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { unrefused } from "../fences/bite.ts";
import { copyRepository } from "../fences/copy.ts";
import { linesMax, linesWarn, oversized } from "../fences/sizes.ts";
import { violations } from "../fences/violations.ts";
import { importFault } from "../lint/rooms.ts";
import { root } from "../local/root.ts";

it("O20 an import along an arrow passes, one against it or around it does not", () => {
  expect(importFault("packages/server/src/a.ts", "@ashlar/shared/ids")).toBeUndefined();
  expect(importFault("packages/server/src/a.ts", "./blocks/b.ts")).toBeUndefined();
  expect(importFault("packages/server/src/a.ts", "drizzle-orm")).toBeUndefined();
  expect(importFault("test/e2e/a.test.ts", "../../scripts/local/edge.ts")).toBeUndefined();
  expect(importFault("packages/server/src/a.ts", "@ashlar/client/ports")).toBe("server may not import client; it may import shared.");
  expect(importFault("packages/shared/src/a.ts", "@ashlar/server/ports")).toBe(
    "shared may not import server; it may import no other room.",
  );
  expect(importFault("packages/server/src/a.ts", "../../shared/src/ids.ts")).toContain("by its package name");
  expect(importFault("packages/server/src/a.ts", "../../../workers/api/src/index.ts")).toContain("server may not import api");
  expect(importFault("packages/server/src/a.ts", "../../../elsewhere.ts")).toBe("elsewhere.ts lies in no room.");
  expect(importFault("packages/server/src/a.ts", "@ashlar/nowhere")).toBe("There is no room nowhere.");
});

it("O21 a fence that does not bite is found: with the rules switched off, their violations pass", { timeout: 60_000 }, () => {
  using copy = copyRepository(root);
  const planted = violations.filter(({ name }) => ["a default export", "an enum", "any"].includes(name));
  writeFileSync(join(copy.folder, ".oxlintrc.json"), "{}");
  expect(unrefused(copy.folder, planted).map(({ name }) => name)).toEqual(["a default export", "any"]);
});

it("O22 a file is long beyond 300 lines, and too long beyond 500", () => {
  const texts: Record<string, string> = {
    "a.ts": "x\n".repeat(linesWarn),
    "b.ts": "x\n".repeat(linesWarn + 1),
    "c.ts": "x\n".repeat(linesMax),
    "d.ts": "x\n".repeat(linesMax + 1),
    "e.json": "x\n".repeat(linesMax + 1),
  };
  expect(oversized(Object.keys(texts), (file) => texts[file] ?? "")).toEqual([
    { file: "d.ts", lines: 501, over: "max" },
    { file: "c.ts", lines: 500, over: "warn" },
    { file: "b.ts", lines: 301, over: "warn" },
  ]);
});
