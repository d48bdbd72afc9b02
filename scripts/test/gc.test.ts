import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDoor } from "../local/door.ts";
import { type Edge, startEdge } from "../local/edge.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "../gc.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ashlar-gc-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function gc(state: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [script, ...args], { env: { ...process.env, ASHLAR_STATE: state } });
  return stdout;
}

type Device = { put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<Response>; post(path: string, body: object): Promise<Response> };

async function signUp({ url }: Edge): Promise<Device> {
  const json = { "content-type": "application/json" };
  const credentials = { email: `${randomBytes(8).toString("hex")}@ashlar.test`, password: "a long password", device: "laptop" };
  const answer = await fetch(`${url}/v1/account`, { method: "POST", headers: json, body: JSON.stringify(credentials) });
  const { accessToken } = (await answer.json()) as { accessToken: string };
  const headers = { authorization: `Bearer ${accessToken}` };
  return {
    put: (path, body) => fetch(url + path, { method: "PUT", body, headers }),
    post: (path, body) => fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { ...headers, ...json } }),
  };
}

it("O15 npm run gc goes through the server that runs, and starts one on the state if none does", async () => {
  const state = join(folder, "door");
  const edge = await startEdge({ state });
  expect(await gc(state, "--dry-run")).toMatch(/^The collector would:\n/);
  expect(await gc(state)).toMatch(/^The collector did:\n/);
  await edge.stop();
  expect(await gc(state, "--dry-run")).toMatch(/^The collector would:\n/m);
  expect(await gc(state)).toMatch(/^The collector did:\n/m);
});

it("O15 a server's door is its owner's alone, also in a folder that is open to others", async () => {
  const state = join(folder, "open");
  await mkdir(state);
  await chmod(state, 0o777);
  const door = await openDoor({ state, collect: async () => {}, lastRun: async () => undefined, say: () => {} });
  expect((await stat(join(state, "door"))).mode & 0o777).toBe(0o600);
  await door[Symbol.asyncDispose]();
});

it("O16 a server that starts finds newest blocks whose bytes a power cut took, and asks for them", async () => {
  const state = join(folder, "cut");
  const bytes = new Uint8Array(randomBytes(100_000));
  const hash = createHash("sha256").update(bytes).digest("hex");
  const first = await startEdge({ state });
  const ada = await signUp(first);
  expect((await ada.put(`/v1/blocks/${hash}`, bytes)).status).toBe(204);
  await first.kill();
  const files = await readdir(join(state, "storage/r2"), { recursive: true });
  for (const file of files.map((name) => join(state, "storage/r2", name))) {
    if ((await stat(file)).size === bytes.length) await truncate(file, 0);
  }

  await using second = await startEdge({ state });
  await expect.poll(() => second.output(), { timeout: 20_000 }).toMatch(new RegExp(`"kind":"check".*"damaged":\\["${hash}"\\]`));
  const eve = await signUp(second);
  const check = async () => {
    const answer = await eve.post("/v1/blocks/check", { blocks: [{ hash, size: bytes.length }] });
    return ((await answer.json()) as { states: string[] }).states;
  };
  expect(await check()).toEqual(["upload"]);
  expect((await eve.put(`/v1/blocks/${hash}`, bytes)).status).toBe(204);
  expect(await check()).toEqual(["have"]);
});
