import { createHash } from "node:crypto";
import { appendFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DatabaseDamagedError, DatabaseFullError } from "../../src/database.ts";
import { leaveClosedMark, takeClosedMark } from "../../src/node/closed-mark.ts";
import { lookAtDatabase, openDatabase } from "../../src/node/database.ts";
import { folderStatus } from "../../src/node/folder-status.ts";
import { Trees } from "../../src/trees/trees.ts";

let directory = "";
let path = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ashlar-state-"));
  path = join(directory, "state.sqlite");
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const paths = () => ({ directory, database: path, blocks: "", early: "", lock: "", holder: "", control: "" });
const digest = async () =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

it("T30 a full disk is told as such, in a transaction and outside, and what stood before stands", () => {
  const database = openDatabase(path, 0);
  database.exec("CREATE TABLE t(a); INSERT INTO t VALUES (1); PRAGMA max_page_count = 4");
  const insert = database.prepare("INSERT INTO t VALUES (?)");
  expect(() =>
    database.transaction(() => {
      for (let count = 0; count < 20; count++) insert.run("x".repeat(3000));
    }),
  ).toThrow(DatabaseFullError);
  expect(() => insert.run("x".repeat(30_000))).toThrow(DatabaseFullError);
  expect(database.prepare("SELECT count(*) AS count FROM t").get()).toEqual({ count: 1 });
  database.exec("PRAGMA max_page_count = 1000");
  database.transaction(() => insert.run("x".repeat(30_000)));
  expect(database.prepare("SELECT count(*) AS count FROM t").get()).toEqual({ count: 2 });
  database.close();
});

it("T32 what is to be kept is flushed, what is found again is not, and the one cannot hide in the other", () => {
  const database = openDatabase(path, 0);
  const flushes = () => database.prepare("PRAGMA synchronous").get()?.["synchronous"];
  const [normal, full] = [1, 2];
  database.exec("CREATE TABLE t(a)");
  expect(flushes()).toBe(full);
  database.transaction(() => undefined, "found-again");
  expect(flushes()).toBe(normal);
  database.transaction(() => database.transaction(() => undefined, "found-again"));
  expect(flushes()).toBe(full);
  database.transaction(() => undefined, "found-again");
  database.prepare("DELETE FROM t").run();
  expect(flushes()).toBe(full);
  const hidden = () =>
    database.transaction(() => {
      database.exec("INSERT INTO t VALUES (1)");
      database.transaction(() => undefined);
    }, "found-again");
  expect(hidden).toThrow("taken back");
  expect(database.prepare("SELECT count(*) AS count FROM t").get()).toEqual({ count: 0 });
  database.close();
});

it("T40 whoever closed a database in order need not read it through for a day, unless somebody touched it", async () => {
  const day = 24 * 60 * 60 * 1000;
  openDatabase(path, 5).close();
  const taken = (nowMs: number) => {
    const checkedAtMs = takeClosedMark(path, nowMs);
    leaveClosedMark(path, 5);
    return checkedAtMs;
  };
  expect(taken(6)).toBe(5);
  expect(taken(4 + day)).toBe(5);
  expect(taken(5 + day)).toBeUndefined();
  expect(taken(4)).toBeUndefined();
  // When it was read through is what counts, not when it was closed.
  openDatabase(path, 7).close();
  expect(takeClosedMark(path, 8)).toBe(5);
  expect(takeClosedMark(path, 8)).toBeUndefined();

  leaveClosedMark(path, 5);
  await utimes(path, 1, 1);
  expect(takeClosedMark(path, 6)).toBeUndefined();
  leaveClosedMark(path, 5);
  await appendFile(`${path}-wal`, "what somebody wrote");
  expect(takeClosedMark(path, 6)).toBeUndefined();
  await rm(`${path}-wal`);
  await writeFile(`${path}.closed`, "{");
  expect(takeClosedMark(path, 6)).toBeUndefined();
  await writeFile(`${path}.closed`, "{}");
  expect(takeClosedMark(path, 6)).toBeUndefined();
});

it("T41 a process that was killed leaves no mark, and damage that is met later is put aside at the next start", async () => {
  const killed = openDatabase(path, 0);
  killed.exec("CREATE TABLE t(a)");
  const insert = killed.prepare("INSERT INTO t VALUES (?)");
  for (let count = 0; count < 40; count++) insert.run("x".repeat(1000));
  expect(await readdir(directory)).not.toContain("state.sqlite.closed");
  killed.close();

  const bytes = await readFile(path);
  bytes.fill(0xff, 8 * 4096, 9 * 4096);
  await writeFile(path, bytes);
  // As if the medium had done it, and not a program.
  leaveClosedMark(path, 0);
  const unsound = openDatabase(path, 0);
  expect(() => unsound.prepare("SELECT a FROM t").all()).toThrow(DatabaseDamagedError);
  unsound.close();
  expect(await readdir(directory)).not.toContain("state.sqlite.closed");
  openDatabase(path, 1).close();
  expect(await readdir(directory)).toContain("state.sqlite.damaged-1");
});

it("M43 a database of another version or a damaged one is looked at and left as it is", async () => {
  expect(lookAtDatabase(path)).toEqual({ state: "absent" });
  const database = openDatabase(path, 0);
  const trees = new Trees(database, { caseSensitive: true });
  trees.meta.write("some", "thing");
  expect(folderStatus(paths(), 1)).toMatchObject({ state: "stopped", queued: [], isStateFull: false });
  database.exec("PRAGMA user_version = 99");
  expect(lookAtDatabase(path)).toEqual({ state: "other-version" });
  expect(folderStatus(paths(), 1)).toBe("other-version");
  expect(trees.meta.read("some")).toBe("thing");
  database.close();

  await writeFile(path, "this is no database, whatever it was before");
  const before = await digest();
  expect(lookAtDatabase(path)).toEqual({ state: "damaged" });
  expect(folderStatus(paths(), 1)).toBe("damaged");
  expect(await digest()).toBe(before);
  expect((await readdir(directory)).filter((name) => name.includes("damaged"))).toEqual([]);
});

it("M44 a database of another version is begun anew", () => {
  const database = openDatabase(path, 0);
  database.exec("CREATE TABLE local(other TEXT); INSERT INTO local VALUES ('x'); CREATE TABLE meta(k); PRAGMA user_version = 0");
  const trees = new Trees(database, { caseSensitive: true });
  expect(trees.meta.epoch).toBeNull();
  expect([...trees.local.view().children("" as never)]).toEqual([]);
  database.close();
});

it("M44 a row that this client did not write is damage", () => {
  const database = openDatabase(path, 0);
  const trees = new Trees(database, { caseSensitive: true });
  database.exec("INSERT INTO waiting VALUES ('path:x', NULL, 'x', 'busy', 'y', 'soon', NULL, 0)");
  expect(() => trees.waiting.all()).toThrow(DatabaseDamagedError);
  database.close();
});
