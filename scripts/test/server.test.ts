import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEdge } from "../local/edge.ts";
import { root } from "../local/root.ts";
import { startServer } from "../local/server.ts";

const standIn = join(import.meta.dirname, "stand-in");
const serveScript = join(import.meta.dirname, "../serve.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ashlar-server-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const get = async (url: string, path: string): Promise<unknown> => (await fetch(url + path)).json();

const start = (state: string) => startServer({ root: standIn, host: "127.0.0.1", port: 0, state: join(folder, state), say: () => {} });

/** Runs `scripts/serve.ts` until it ends. */
async function serve(env: Record<string, string>): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [serveScript, "--root", standIn], { env: { ...process.env, PORT: "0", ...env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (output += data.toString()));
  const [code] = await once(child, "close");
  return { code, output };
}

describe("the bindings of wrangler.toml", () => {
  it("O4 buckets, databases, Durable Objects, rate limits and secrets work as declared", async () => {
    await using server = await start("bindings");
    expect(await get(server.url, "/put")).toBe(5);
    expect(await get(server.url, "/get")).toBe("bytes");
    expect(await get(server.url, "/touch")).toEqual([{ id: 1 }]);
    expect([await get(server.url, "/count"), await get(server.url, "/count")]).toEqual([1, 2]);
    expect(await get(server.url, "/secret")).toMatch(/^[0-9a-f]{64}$/);
    const allowed = [];
    for (let call = 0; call < 5; call++) allowed.push(await get(server.url, "/limit"));
    expect(allowed).toEqual([true, true, true, false, false]);
  });

  it("O26 WebAssembly runs", async () => {
    await using server = await start("wasm");
    // mark, window, size in two bytes, and 6 bytes for each of 16 windows of 64
    expect(await get(server.url, "/signature")).toBe(4 + 16 * 6);
  });

  it("O5 a migration with triggers and comments is applied whole", async () => {
    await using server = await start("triggers");
    await get(server.url, "/touch");
    expect(await get(server.url, "/log")).toEqual([{ what: "inserted; x" }, { what: "again" }]);
  });

  it("O6 the collector shares the databases and Durable Objects of the API Worker", async () => {
    await using server = await start("collector");
    await server.collect();
    expect(await get(server.url, "/runs")).toEqual([{ cron: "17 * * * *" }]);
    expect(await get(server.url, "/count")).toBe(2);
  });
});

describe("the state folder", () => {
  it("O7 everything survives a restart: objects, rows, Durable Objects, secrets", async () => {
    const state = join(folder, "restart");
    const first = await startEdge({ state, root: standIn });
    await get(first.url, "/put");
    await get(first.url, "/touch");
    await get(first.url, "/count");
    const secret = await get(first.url, "/secret");
    await first.stop();
    expect(first.output()).toMatch(/migrations applied: 3[\s\S]*ready on http:\/\/localhost:\d+ .*[\s\S]*stopping$/);

    await using second = await startEdge({ state, root: standIn });
    expect(await get(second.url, "/get")).toBe("bytes");
    expect(await get(second.url, "/touch")).toEqual([{ id: 2 }]);
    expect(await get(second.url, "/count")).toBe(2);
    expect(await get(second.url, "/secret")).toBe(secret);
    expect(second.output()).not.toContain("migrations applied");
  });

  it("O8 a killed server leaves a state that the next one takes over", async () => {
    const state = join(folder, "killed");
    const first = await startEdge({ state, root: standIn });
    expect(await get(first.url, "/count")).toBe(1);
    await first.kill();
    await expect(fetch(first.url)).rejects.toThrow("fetch failed");

    await using second = await startEdge({ state, root: standIn, port: Number(new URL(first.url).port) });
    expect(second.url).toBe(first.url);
    expect(await get(second.url, "/count")).toBe(2);
  });

  it("O9 a second server on the same state is refused", async () => {
    await using first = await startEdge({ state: join(folder, "shared"), root: standIn });
    const { code, output } = await serve({ ASHLAR_STATE: join(folder, "shared") });
    expect(output).toContain("is in use by another server");
    expect(code).toBe(1);
    expect(await get(first.url, "/count")).toBe(1);
  });

  it("O10 secrets are readable by their owner alone", async () => {
    await using server = await start("secrets");
    expect(server.url).toMatch(/^http:\/\/localhost:\d+$/);
    const file = join(folder, "secrets/secrets/TOKEN_KEY");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});

describe("what is in the way", () => {
  it("O11 a taken port is named, and the exit code is 1", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    const { code, output } = await serve({ PORT: port, ASHLAR_STATE: join(folder, "taken") });
    other.close();
    expect(output).toContain(`Port ${port} is taken by another program`);
    expect(code).toBe(1);
  });

  it("O11 a PORT that is none is wrong usage, exit code 2", async () => {
    const { code, output } = await serve({ PORT: "http" });
    expect(output).toContain('PORT must be a number up to 65535, not "http"');
    expect(code).toBe(2);
  });

  it("O11 a state folder that cannot be made is named, and the exit code is 1", async () => {
    await writeFile(join(folder, "file"), "");
    const { code, output } = await serve({ ASHLAR_STATE: join(folder, "file/state") });
    expect(output).toContain("cannot be used for the server's state");
    expect(code).toBe(1);
  });
});

describe("the end", () => {
  it("O12 a signal to npm stops the server that npm started", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const state = join(folder, `npm-${signal}`);
      const npm = spawn("npm", ["start", "--", "--root", standIn], { cwd: root, env: { ...process.env, PORT: "0", ASHLAR_STATE: state } });
      const ended = once(npm, "close");
      let output = "";
      for await (const data of npm.stdout) {
        output += String(data);
        if (output.includes("ready on")) break;
      }
      npm.kill(signal);
      await ended;
      expect(await answers(/ready on (\S+)/.exec(output)?.[1] ?? "")).toBe(false);
    }
  });

  it("O12 a Ctrl-C, which also reaches workerd, stops the server with exit code 0", async () => {
    const edge = await startEdge({ state: join(folder, "group"), root: standIn });
    process.kill(-edge.pid, "SIGINT");
    await edge.stop();
    expect(await answers(edge.url)).toBe(false);
  });

  it("O12 SIGINT and SIGTERM stop the server and its workerd, exit code 0", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const edge = await startEdge({ state: join(folder, signal), root: standIn });
      process.kill(edge.pid, signal);
      await edge.stop();
      await expect(fetch(edge.url)).rejects.toThrow("fetch failed");
    }
  });

  it("O12 workerd ends with a server that was killed alone", async () => {
    const edge = await startEdge({ state: join(folder, "alone"), root: standIn });
    process.kill(edge.pid, "SIGKILL");
    for (let wait = 0; wait < 100 && (await answers(edge.url)); wait++) await sleep(50);
    expect(await answers(edge.url)).toBe(false);
    await edge.kill();
  });
});

const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );
