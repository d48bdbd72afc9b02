import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { root } from "./scripts/local/root.ts";
import { readWasmModules } from "./scripts/local/wasm-modules.ts";
import { bundleFileOf, readWorkers } from "./scripts/local/workers.ts";

const migrations = async (name: string) => (existsSync(`./migrations/${name}`) ? readD1Migrations(`./migrations/${name}`) : []);
const secrets = { TOKEN_KEY: "a key for tests only, 32 characters", URL_KEY: "another key for tests, 32 characters" };
// wrangler looks for required secrets there, and warns.
Object.assign(process.env, secrets);
const bindings = {
  TEST_MIGRATIONS: {
    directory: await migrations("directory"),
    meta: await migrations("meta"),
    blocks: await migrations("blocks"),
  },
  ...secrets,
};
const builtWorkers = "./scripts/testing/build-workers.ts";

/** The API Worker as built, beside the collector under test: it has the Durable Objects that the collector calls. */
async function builtApi() {
  // In a process of its own: esbuild's service does not always end within a configuration that is being loaded.
  execFileSync(process.execPath, [join(root, "scripts/build.ts")]);
  const file = bundleFileOf(root, "api");
  const code = await readFile(file, "utf8");
  const wasm = await readWasmModules(file, code);
  const { name, compatibility_date, compatibility_flags, databases, r2_buckets, classes, durable_objects } = readWorkers(root).api;
  return {
    name,
    // Each named, since a path alone brings no WebAssembly along.
    modules: [
      { type: "ESModule" as const, path: "index.js", contents: code },
      ...wasm.map((module) => ({ type: "CompiledWasm" as const, path: module.name, contents: module.contents })),
    ],
    compatibilityDate: compatibility_date,
    compatibilityFlags: compatibility_flags,
    bindings,
    // The ids that wrangler gives to databases without one: both Workers then have the same.
    d1Databases: Object.fromEntries(databases.map(({ binding }) => [binding, binding])),
    r2Buckets: Object.fromEntries(r2_buckets.map(({ binding, bucket_name }) => [binding, bucket_name])),
    durableObjects: Object.fromEntries(
      durable_objects.bindings.map((binding) => [
        binding.name,
        { className: binding.class_name, useSQLite: classes.includes(binding.class_name) },
      ]),
    ),
  };
}

// One workerd for all files of a project: a file of its own costs two seconds. Tests use users of their own instead.
// A slow machine is no failure: none of these tests is about time.
const oneWorkerd = { isolate: false, maxWorkers: 1, testTimeout: 60_000 };

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/testing/tally-reporter.ts"],
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: [
            "packages/*/test/**/*.test.ts",
            "bench/test/*.test.ts",
            "scripts/test/**/*.test.ts",
            "test/sim/*.test.ts",
            "web/test/**/*.test.ts",
          ],
          sequence: { groupOrder: 0 },
          // Those of scripts start whole servers and compilers.
          testTimeout: 60_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { cf: false, bindings } })],
        test: {
          name: "edge",
          include: ["workers/api/test/**/*.test.ts", "durable-objects/test/**/*.test.ts"],
          setupFiles: ["./workers/api/test/setup.ts"],
          sequence: { groupOrder: 1 },
          ...oneWorkerd,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./workers/gc-cron/wrangler.toml" },
            miniflare: { cf: false, bindings, workers: [await builtApi()] },
          }),
        ],
        test: {
          name: "gc",
          include: ["workers/gc-cron/test/**/*.test.ts"],
          globalSetup: [builtWorkers],
          setupFiles: ["./workers/gc-cron/test/setup.ts"],
          sequence: { groupOrder: 2 },
          ...oneWorkerd,
        },
      },
      {
        test: {
          name: "e2e",
          environment: "node",
          include: ["test/e2e/**/*.test.ts", "test/sweep/*.test.ts"],
          globalSetup: [builtWorkers],
          // Real servers, real folders, real time: after everything that is quick to fail. A file waits for a process, a timer or
          // a socket half of its time, so there are three at once on two cores; each has an edge and folders of its own.
          sequence: { groupOrder: 3 },
          maxWorkers: 3,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "web",
          environment: "node",
          include: ["test/web/**/*.test.ts"],
          globalSetup: [builtWorkers],
          // Real browsers beside real servers, as slow as the machine is.
          expect: { poll: { timeout: 30_000 } },
          sequence: { groupOrder: 4 },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
