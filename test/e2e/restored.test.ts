/** The server comes back from a backup. */
import { cp, lstat, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonLines } from "./support/command.ts";
import { openHouse, type House } from "./support/house.ts";
import { readTree } from "./support/tree.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

const kinds = (stdout: string) => jsonLines(stdout).flatMap(({ type, kind }) => (type === "finding" ? [kind] : []));
/** But for sockets, which nobody can copy. */
const copyState = (from: string, to: string) => cp(from, to, { recursive: true, filter: async (path) => !(await lstat(path)).isSocket() });

it("E81 a server that was put back to an older state is told by the doctor and merged with: nothing is deleted, what is newer comes to it again, and edits are kept (I5)", async () => {
  const email = "restored@example.org";
  const a = await house.device("A", { email, register: true });
  const b = await house.device("B", { email });
  await mkdir(join(a.folder, "deep"), { recursive: true });
  for (let index = 0; index < 5; index++) await writeFile(join(a.folder, "deep", `file ${index}`), `content ${index}`);
  await writeFile(join(a.folder, "large"), Buffer.alloc(200_000, "large "));
  await a.once();
  await b.once();
  const [state, backup] = [join(house.directory, "edge"), join(house.directory, "backup")];
  await house.killEdge();
  await copyState(state, backup);
  await house.startEdge();
  await writeFile(join(a.folder, "newer"), "newer than the backup");
  await writeFile(join(a.folder, "deep", "file 1"), "edited since the backup");
  await rm(join(a.folder, "deep", "file 2"));
  await a.once();
  await b.once();
  await house.killEdge();
  await rm(state, { recursive: true });
  await copyState(backup, state);
  await house.startEdge();
  const examined = await a.run(["doctor", a.folder, "--json"]);
  expect(kinds(examined.stdout)).toContain("server-restored");
  for (let round = 0; round < 2; round++) for (const device of [a, b]) await device.once([0, 3]);
  const tree = await readTree(a.folder);
  expect(await readTree(b.folder)).toEqual(tree);
  // What was deleted since is there again: nobody can tell a deletion from a loss.
  expect([...tree.keys()]).toEqual(expect.arrayContaining(["newer", "large", "deep/file 0", "deep/file 2", "deep/file 4"]));
  const copies = (await readdir(join(a.folder, "deep"))).filter((name) => name.startsWith("file 1"));
  const texts = await Promise.all(copies.map((name) => readFile(join(a.folder, "deep", name), "utf8")));
  expect(texts).toContain("edited since the backup");
  expect(kinds((await a.run(["doctor", a.folder, "--json"])).stdout).filter((kind) => kind !== "conflict")).toEqual([]);
});

it("X44 E81 so it is when another device has committed as much again before the one that lost a change asks (I5)", async () => {
  const email = "overtaken@example.org";
  const a = await house.device("C", { email, register: true });
  const b = await house.device("D", { email });
  await mkdir(a.folder, { recursive: true });
  await writeFile(join(a.folder, "old"), "old");
  await a.once();
  await b.once();
  const [state, backup] = [join(house.directory, "edge"), join(house.directory, "other backup")];
  await house.killEdge();
  await copyState(state, backup);
  await house.startEdge();
  await writeFile(join(b.folder, "only on b"), "that the backup does not have");
  await b.once();
  await house.killEdge();
  await rm(state, { recursive: true });
  await copyState(backup, state);
  await house.startEdge();
  for (const name of ["new", "newer", "newest"]) await writeFile(join(a.folder, name), name);
  await a.once();
  expect((await b.run(["reconcile", b.folder])).code).toBe(0);
  await a.once();
  expect([...(await readTree(b.folder)).keys()].toSorted()).toEqual(["new", "newer", "newest", "old", "only on b"]);
  expect(await readTree(a.folder)).toEqual(await readTree(b.folder));
});
