import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

const migrations = async (name: string) => (existsSync(`./migrations/${name}`) ? readD1Migrations(`./migrations/${name}`) : []);
const TEST_MIGRATIONS = {
  directory: await migrations("directory"),
  meta: await migrations("meta"),
  blocks: await migrations("blocks"),
};

export default defineConfig({
  test: {
    projects: [
      { test: { name: "node", environment: "node", include: ["packages/*/test/**/*.test.ts", "scripts/test/**/*.test.ts"] } },
      // The real command against the real edge, each file with an edge of its own: one at a time, they measure nothing but fill the machine.
      {
        test: {
          name: "e2e",
          environment: "node",
          include: ["test/e2e/*.test.ts"],
          maxWorkers: 1,
          // After the others: a busy machine would only make their waits longer.
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              cf: false,
              bindings: {
                TEST_MIGRATIONS,
                TOKEN_KEY: "a key for tests only, 32 characters",
                URL_KEY: "another key for tests, 32 characters",
              },
            },
          }),
        ],
        // One workerd for all files: a file of its own costs two seconds. Tests use users of their own instead.
        test: {
          name: "edge",
          include: ["workers/api/test/**/*.test.ts", "durable-objects/test/**/*.test.ts"],
          setupFiles: ["./workers/api/test/setup.ts"],
          isolate: false,
          maxWorkers: 1,
        },
      },
    ],
  },
});
