import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { root } from "../local/root.ts";
import { settings } from "../local/serve.ts";
import { readWorkers } from "../local/workers.ts";
import { chunking } from "@ashlar/shared/chunker";
import { archiveEntriesMax, sessionDownloadsMax, sessionPeriodS, sessionRequestsMax, sessionWalksMax } from "@ashlar/shared/limits";
import { readWranglerConfig } from "../local/wrangler-config.ts";

it("O1 without settings the port is 8787 on this machine alone, and the state is .ashlar in the repository", () => {
  expect(settings([], {})).toEqual({ root, host: "127.0.0.1", port: 8787, state: join(root, ".ashlar") });
});

it("O1 PORT, ASHLAR_STATE, ASHLAR_HOST and ASHLAR_QUOTA_BYTES change that", () => {
  expect(settings([], { PORT: "0", ASHLAR_STATE: "/tmp/state", ASHLAR_HOST: "0.0.0.0" })).toEqual({
    root,
    host: "0.0.0.0",
    port: 0,
    state: resolve("/tmp/state"),
  });
  expect(settings([], { ASHLAR_QUOTA_BYTES: "1000" }).quotaBytes).toBe("1000");
  for (const bytes of ["-1", "1e9", "1 GB"]) {
    expect(() => settings([], { ASHLAR_QUOTA_BYTES: bytes })).toThrow("ASHLAR_QUOTA_BYTES must be a number");
  }
  expect(settings([], { PORT: "65535" }).port).toBe(65_535);
  for (const port of ["65536", "-1", "80a", "1.5"]) expect(() => settings([], { PORT: port })).toThrow("PORT must be a number");
});

it("O2 the two wrangler.toml declare one directory, four meta shards and two index shards, the same in both", () => {
  const { api, gc } = readWorkers(root);
  const bindings = ["DIRECTORY", "META_0", "META_1", "META_2", "META_3", "INDEX_0", "INDEX_1"];
  expect(api.databases.map(({ binding }) => binding)).toEqual(bindings);
  expect(gc.databases).toEqual(api.databases);
  expect(gc.r2_buckets).toEqual(api.r2_buckets);
  expect(gc.durable_objects.bindings).toEqual([{ ...api.durable_objects.bindings[0], script_name: api.name }]);
  expect(gc.compatibility_date).toBe(api.compatibility_date);
});

it("O2 a wrangler.toml with what the local server does not know is refused, and the key is named", () => {
  const folder = mkdtempSync(join(tmpdir(), "ashlar-toml-"));
  const file = join(folder, "wrangler.toml");
  const base = 'name = "x"\nmain = "x.ts"\ncompatibility_date = "2026-10-01"\n';
  try {
    writeFileSync(file, base);
    expect(readWranglerConfig(file)).toMatchObject({ name: "x", main: join(folder, "x.ts"), databases: [] });
    writeFileSync(file, `${base}[[kv_namespaces]]\nbinding = "KV"\n`);
    expect(() => readWranglerConfig(file)).toThrow("kv_namespaces");
    writeFileSync(file, `${base}name = `);
    expect(() => readWranglerConfig(file)).toThrow(`${file} is not TOML`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("O13 a Node that is too old is told what to do, exit code 2", () => {
  const code = "import('./scripts/local/require-node.ts').then(({ requireNode }) => requireNode('20.20.2'))";
  const result = () => execFileSync(process.execPath, ["-e", code], { cwd: root, encoding: "utf8", stdio: "pipe" });
  expect(result).toThrow(expect.objectContaining({ status: 2, stderr: expect.stringMatching(/^This is Node 20\.20\.2; Ashlar needs 24/) }));
});

it("B30 the limits of a session that are bound are those that the protocol names", () => {
  const limits = new Map(readWorkers(root).api.ratelimits.map(({ name, simple }) => [name, simple]));
  expect(limits.get("SESSION_LIMIT")).toEqual({ limit: sessionRequestsMax, period: sessionPeriodS });
  expect(limits.get("DOWNLOAD_LIMIT")).toEqual({ limit: sessionDownloadsMax, period: sessionPeriodS });
  expect(limits.get("WALK_LIMIT")).toEqual({ limit: sessionWalksMax, period: sessionPeriodS });
});

it("CT22 one request has the processor time and the calls for an archive of 37 GiB in 50,000 files", () => {
  const { limits } = readWorkers(root).api;
  const archiveMiB = 37 * 1024;
  // Measured for decision 93.
  const cpuMsPerMiB = 7.9;
  expect(limits?.cpu_ms).toBeGreaterThanOrEqual(archiveMiB * cpuMsPerMiB);
  // The platform's own bound.
  expect(limits?.cpu_ms).toBeLessThanOrEqual(300_000);
  // Each file ends with a block that may be short.
  const blocks = archiveEntriesMax + (archiveMiB * 1024 * 1024) / chunking.bytesAverage;
  // Each is asked of the cache and of the bucket, and kept in the cache.
  expect(limits?.subrequests).toBeGreaterThanOrEqual(3 * blocks);
});
