import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { buildWorkers } from "../local/bundle.ts";
import { root } from "../local/root.ts";
import { bundleFileOf, configFileOf, workerNames } from "../local/workers.ts";

const run = promisify(execFile);
const withoutMap = (code: string) => code.replace(/^\/\/# sourceMappingURL=.*$/m, "");

it("O3 the bundles that npm start serves are, to the byte, those that wrangler would deploy", { timeout: 60_000 }, async () => {
  await buildWorkers(root);
  const folder = await mkdtemp(join(tmpdir(), "ashlar-bundle-"));
  try {
    for (const name of workerNames) {
      const outdir = join(folder, name);
      await run("npx", ["wrangler", "deploy", "--dry-run", "-c", configFileOf(root, name), "--outdir", outdir], {
        cwd: root,
        env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
      });
      const ours = await readFile(bundleFileOf(root, name), "utf8");
      expect(withoutMap(ours)).toBe(withoutMap(await readFile(join(outdir, "index.js"), "utf8")));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
