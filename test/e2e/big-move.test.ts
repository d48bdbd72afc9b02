import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonLines } from "./support/command.ts";
import { openHouse, type House } from "./support/house.ts";
import { readTree } from "./support/tree.ts";

const files = 1000;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const applied = (stdout: string) => jsonLines(stdout).filter(({ type }) => type === "applied");

it("E34 a folder of 1,000 files that is renamed and moved is one change, and one rename on the other device", async () => {
  const email = "move@example.org";
  const a = await house.device("A", { email, register: true });
  const b = await house.device("B", { email });
  await mkdir(join(a.folder, "big"), { recursive: true });
  await mkdir(join(a.folder, "target"));
  for (let index = 0; index < files; index++) await writeFile(join(a.folder, "big", `file ${index}`), `content ${index}`);
  await a.once();
  await b.once();
  const inode = (await stat(join(b.folder, "big"))).ino;
  const commitsBefore = await commitsOf(a);

  await rename(join(a.folder, "big"), join(a.folder, "target", "moved"));
  const [fromA, fromB] = [a.proxy.passed.length, b.proxy.passed.length];
  const sent = await a.once();
  const received = await b.once();
  expect(applied(sent.stdout)).toEqual([{ type: "applied", side: "remote", change: "move", path: "target/moved" }]);
  expect(applied(received.stdout)).toEqual([{ type: "applied", side: "local", change: "move", path: "target/moved" }]);
  expect((await stat(join(b.folder, "target", "moved"))).ino).toBe(inode);
  expect((await readTree(b.folder)).size).toBe(files + 2);

  const paths = (passed: typeof a.proxy.passed) => passed.map(({ path }) => path).filter((path) => path !== "/v1/events");
  expect(paths(a.proxy.passed.slice(fromA)).filter((path) => path === "/v1/commits").length).toBe(1);
  for (const path of [...paths(a.proxy.passed.slice(fromA)), ...paths(b.proxy.passed.slice(fromB))]) {
    expect(path).toMatch(/^\/v1\/(?:commits|changes|session\/refresh|usage)$/);
  }
  expect(await commitsOf(a)).toBe(commitsBefore + 1);
});

/** The journal's length: a change for each operation. */
async function commitsOf(device: Awaited<ReturnType<House["device"]>>): Promise<number> {
  const [status] = jsonLines((await device.run(["status", "--json"])).stdout);
  return Number(status?.["cursor"]);
}
