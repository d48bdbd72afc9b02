import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { touchControl, watchControl } from "../../src/node/control-file.ts";
import { folderHolder, isHeldByOtherHome, lockFolder, type FolderLock, type LockOptions } from "../../src/node/folder-lock.ts";
import { openHome, type FolderPaths } from "../../src/node/home.ts";
import { withProcessLock } from "../../src/node/process-lock.ts";
import { userIdSchema } from "@ashlar/shared/ids";

const lockModule = fileURLToPath(new URL("../../src/node/process-lock.ts", import.meta.url));

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ashlar-lock-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function somePaths(): Promise<FolderPaths> {
  const home = await openHome(directory);
  return home.paths({ id: "F".repeat(22), path: "/a", user: userIdSchema.parse("U".repeat(22)) });
}

async function held(paths: FolderPaths, now: number, options?: LockOptions): Promise<FolderLock> {
  const lock = await lockFolder(paths, now, options);
  if ("heldBy" in lock) throw new Error(`held by ${JSON.stringify(lock.heldBy)}`);
  return lock;
}

/** A process that holds the lock until it is killed: in a global, because a lock that nobody names any more is collected, and let go. */
async function holdElsewhere(path: string) {
  const script = `const { tryProcessLock } = await import(${JSON.stringify(lockModule)});
    globalThis.lock = tryProcessLock(${JSON.stringify(path)});
    console.log(globalThis.lock === undefined ? "busy" : "held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await once(child.stdout, "data");
  return { child, said: String(said).trim() };
}

it("M3 a second holder is refused and told who has the folder", async () => {
  const paths = await somePaths();
  expect(await folderHolder(paths)).toBeUndefined();
  {
    await using lock = await held(paths, 1234);
    expect(lock).toBeDefined();
    expect(await lockFolder(paths, 5678)).toEqual({ heldBy: { pid: process.pid, since: 1234 } });
    expect(await folderHolder(paths)).toEqual({ pid: process.pid, since: 1234 });
  }
  expect(await folderHolder(paths)).toBeUndefined();
});

it("M3 the lock of a process ends with it, by kill -9 too", async () => {
  const paths = await somePaths();
  const { child, said } = await holdElsewhere(paths.lock);
  expect(said).toBe("held");
  expect(await folderHolder(paths)).toBe("unknown");
  child.kill("SIGKILL");
  await once(child, "exit");
  await using lock = await held(paths, 1);
  expect(lock).toBeDefined();
});

it("M19 work under one lock happens one after the other", async () => {
  const path = join(directory, "some.lock.sqlite");
  let inside = 0;
  const work = () =>
    withProcessLock(path, 5000, async () => {
      expect(++inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    });
  await Promise.all([work(), work(), work()]);
});

it("M13 a touch of the control file reaches the process that watches it", async () => {
  const paths = await somePaths();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  using watching = watchControl(paths.control, () => resolve(), reject);
  expect(watching).toBeDefined();
  await touchControl(paths.control, 1);
  await promise;
});

/** The same folder as two homes know it. */
async function twoHomes() {
  const user = userIdSchema.parse("U".repeat(22));
  const root = join(directory, "folder");
  await mkdir(root);
  const [one, other] = await Promise.all(["one", "other"].map((name) => openHome(join(directory, name))));
  if (one === undefined || other === undefined) throw new Error("two homes");
  const folder = { id: "F".repeat(22), path: root, user };
  return { root, one: one.paths(folder), other: other.paths(folder) };
}

it("M40 a folder that a process of another home syncs is refused, and had when that ends", async () => {
  const { root, one, other } = await twoHomes();
  {
    await using lock = await held(one, 1, { root, isNew: true });
    expect(lock).toBeDefined();
    expect(await lockFolder(other, 2, { root, isNew: true })).toEqual({ heldBy: "other-home" });
    expect(await isHeldByOtherHome(other, root)).toBe(true);
    expect(await isHeldByOtherHome(one, root)).toBe(false);
    // The lock of its own home was given back.
    expect(await folderHolder(other)).toBeUndefined();
  }
  expect(await isHeldByOtherHome(other, root)).toBe(false);
  await using lock = await held(other, 3, { root, isNew: false });
  expect(lock).toBeDefined();
});

it("M40 nothing is written to a known folder that has lost its marker, and no link is followed (I6)", async () => {
  const { root, one } = await twoHomes();
  {
    await using lock = await held(one, 1, { root, isNew: false });
    expect(lock).toBeDefined();
  }
  expect(await readdir(root)).toEqual([]);
  await mkdir(join(root, ".ashlar"));
  await symlink(join(directory, "elsewhere"), join(root, ".ashlar", "lock"));
  await using lock = await held(one, 1, { root, isNew: false });
  expect(lock).toBeDefined();
  expect(await readdir(directory)).not.toContain("elsewhere");
});

it("M43 asking who syncs a folder makes no lock in it", async () => {
  const { root, one } = await twoHomes();
  await mkdir(join(root, ".ashlar"));
  expect(await isHeldByOtherHome(one, root)).toBe(false);
  expect(await readdir(join(root, ".ashlar"))).toEqual([]);
});

it("M42 each request reaches the process as what it is", async () => {
  const paths = await somePaths();
  const heard: string[] = [];
  let next = Promise.withResolvers<void>();
  using watching = watchControl(
    paths.control,
    (request) => {
      if (heard.at(-1) === request) return;
      heard.push(request);
      next.resolve();
    },
    (error) => next.reject(error),
  );
  expect(watching).toBeDefined();
  for (const request of ["refresh", "reconcile", "reconcile-all"] as const) {
    next = Promise.withResolvers<void>();
    await touchControl(paths.control, 1, request);
    await next.promise;
  }
  expect(heard).toEqual(["refresh", "reconcile", "reconcile-all"]);
});
