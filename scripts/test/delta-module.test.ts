import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { buildDeltaModule, deltaModuleFile } from "../local/delta-module.ts";
import { root } from "../local/root.ts";

it("O27 the delta codec's module is built when its source changed, and only then", { timeout: 120_000 }, async () => {
  const copy = await mkdtemp(join(tmpdir(), "ashlar-delta-module-"));
  try {
    await cp(join(root, "packages/shared/wasm"), join(copy, "packages/shared/wasm"), { recursive: true });
    await symlink(join(root, "node_modules"), join(copy, "node_modules"));
    expect((await buildDeltaModule(copy)).built).toBe(true);
    expect((await buildDeltaModule(copy)).built).toBe(false);
    const first = await readFile(deltaModuleFile(copy));
    // The same source makes the same module, wherever it is built.
    await buildDeltaModule(root);
    expect(first.equals(await readFile(deltaModuleFile(root)))).toBe(true);

    const source = join(copy, "packages/shared/wasm/index.ts");
    await writeFile(source, `${await readFile(source, "utf8")}\nexport function more(): i32 {\n  return 1;\n}\n`);
    expect((await buildDeltaModule(copy)).built).toBe(true);
    expect(first.equals(await readFile(deltaModuleFile(copy)))).toBe(false);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

it("O27 the module stays below 40 KB", async () => {
  expect((await buildDeltaModule(root)).bytes).toBeLessThan(40_000);
});
