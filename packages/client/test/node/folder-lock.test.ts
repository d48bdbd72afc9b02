import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { touchControl, watchControl } from "../../src/node/control-file.ts";
import { folderHolder, lockFolder, type FolderLock } from "../../src/node/folder-lock.ts";
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

async function held(paths: FolderPaths, now: number): Promise<FolderLock> {
  const lock = await lockFolder(paths, now);
  if ("heldBy" in lock) throw new Error(`held by ${JSON.stringify(lock.heldBy)}`);
  return lock;
}

/** A process that holds the lock until it is killed. */
async function holdElsewhere(path: string) {
  const script = `const { tryProcessLock } = await import(${JSON.stringify(lockModule)});
    console.log(tryProcessLock(${JSON.stringify(path)}) === undefined ? "busy" : "held"); setInterval(() => {}, 1000);`;
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
