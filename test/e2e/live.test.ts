import { appendFile, chmod, mkdir, readFile, readdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Running } from "./support/command.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { blocksSent } from "./support/proxy.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { folderDifference } from "./support/tree.ts";

const MiB = 1024 * 1024;
const random = seeded(seedOfThisRun());

let house: House;
let a: Device;
let b: Device;
let onA: Running;
let onB: Running;

const inA = (...names: string[]) => join(a.folder, ...names);
const inB = (...names: string[]) => join(b.folder, ...names);

/** `isSo` holds where the change was not made, and both trees are the same: what they were before does not count. */
async function expectArrival(isSo: () => Promise<boolean>): Promise<void> {
  await eventually(async () => ((await isSo().catch(() => false)) ? folderDifference(a.folder, b.folder) : "the change has arrived"));
}

const holds = async (path: string, bytes: Buffer | string) => (await readFile(path)).equals(Buffer.from(bytes));

beforeAll(async () => {
  house = await openHouse();
  const email = "live@example.org";
  a = await house.device("A", { email, register: true });
  b = await house.device("B", { email });
  await mkdir(inA("docs", "inner"), { recursive: true });
  await mkdir(inA("other"));
  await writeFile(inA("big.bin"), random.bytes(6 * MiB));
  await writeFile(inA("one.txt"), "one");
  await writeFile(inA("two.txt"), "two");
  await writeFile(inA("docs", "letter.txt"), "dear");
  await writeFile(inA("docs", "inner", "deep.txt"), "deep");
  onA = a.start();
  onB = b.start();
  await expectArrival(() => holds(inB("docs", "inner", "deep.txt"), "deep"));
});
afterAll(async () => {
  await onA?.[Symbol.asyncDispose]();
  await onB?.[Symbol.asyncDispose]();
  await house?.[Symbol.asyncDispose]();
});

describe("while both sync", () => {
  it("E2 an edit arrives", async () => {
    await writeFile(inA("one.txt"), "one, edited");
    await expectArrival(() => holds(inB("one.txt"), "one, edited"));
  });

  it("E2 an edit in the middle of a large file sends no more than the blocks it touches", async () => {
    const bytes = await readFile(inA("big.bin"));
    bytes.write("a hundred bytes or so", 3 * MiB);
    const before = blocksSent(a.proxy).length;
    await writeFile(inA("big.bin"), bytes);
    await expectArrival(() => holds(inB("big.bin"), bytes));
    expect(blocksSent(a.proxy).length - before).toBeLessThanOrEqual(2);
  });

  it("E2 an append arrives", async () => {
    await appendFile(inA("two.txt"), " and more");
    await expectArrival(() => holds(inB("two.txt"), "two and more"));
  });

  it("E2 a truncation arrives", async () => {
    await truncate(inA("big.bin"), MiB);
    await expectArrival(async () => (await readFile(inB("big.bin"))).length === MiB);
  });

  it("E2 a renamed file arrives, and no block of it is sent", async () => {
    const before = blocksSent(a.proxy).length;
    await rename(inA("big.bin"), inA("large file.bin"));
    await expectArrival(async () => (await readFile(inB("large file.bin"))).length === MiB);
    expect(blocksSent(a.proxy).length).toBe(before);
  });

  it("E2 a renamed folder arrives with what is in it", async () => {
    await rename(inA("docs"), inA("documents"));
    await expectArrival(() => holds(inB("documents", "inner", "deep.txt"), "deep"));
  });

  it("E2 a file moved between folders arrives", async () => {
    await rename(inA("documents", "letter.txt"), inA("other", "letter.txt"));
    await expectArrival(() => holds(inB("other", "letter.txt"), "dear"));
  });

  it("E2 two files that swap their names arrive swapped", async () => {
    await rename(inA("one.txt"), inA("swap"));
    await rename(inA("two.txt"), inA("one.txt"));
    await rename(inA("swap"), inA("two.txt"));
    await expectArrival(() => holds(inB("two.txt"), "one, edited"));
  });

  it("E2 a file replaced by a folder arrives, and so does the way back", async () => {
    await rm(inA("one.txt"));
    await mkdir(inA("one.txt"));
    await writeFile(inA("one.txt", "inside.txt"), "inside");
    await expectArrival(() => holds(inB("one.txt", "inside.txt"), "inside"));
    await rm(inA("one.txt"), { recursive: true });
    await writeFile(inA("one.txt"), "a file again");
    await expectArrival(() => holds(inB("one.txt"), "a file again"));
  });

  it("E2 an editor's save, written aside and renamed over, is one new version of the same file", async () => {
    await writeFile(inA(".two.txt.swp"), "saved aside");
    await rename(inA(".two.txt.swp"), inA("two.txt"));
    await expectArrival(() => holds(inB("two.txt"), "saved aside"));
  });

  it("E2 a new mode and a new link arrive", async () => {
    await chmod(inA("two.txt"), 0o755);
    await symlink("two.txt", inA("link"));
    await expectArrival(() => holds(inB("link"), "saved aside"));
  });

  it("E2 a change on B arrives on A", async () => {
    await writeFile(inB("from b.txt"), "hello from B");
    await expectArrival(() => holds(inA("from b.txt"), "hello from B"));
  });

  it("E4 a touch without a change sends nothing", async () => {
    const commits = () => a.proxy.passed.filter(({ path, method }) => path === "/v1/commits" || method === "PUT").length;
    const before = commits();
    const future = new Date(Date.now() + 60_000);
    await utimes(inA("large file.bin"), future, future);
    // What follows shows that the touch has been looked at: both were seen in one look, or in this order.
    await writeFile(inA("after the touch"), "x");
    await expectArrival(() => holds(inB("after the touch"), "x"));
    expect(commits() - before).toBe(1);
    expect(a.proxy.passed.filter(({ method }) => method === "PUT").length).toBe(blocksSent(a.proxy).length);
  });

  it("E2 a deletion arrives", async () => {
    await rm(inA("documents"), { recursive: true });
    await rm(inA("two.txt"));
    await expectArrival(async () => !(await readdir(b.folder)).some((name) => name === "documents" || name === "two.txt"));
  });
});

describe("apart and together again", () => {
  it("E3 a file edited on both sides while apart is kept in both versions on both sides", async () => {
    await writeFile(inA("shared.txt"), "the start");
    await expectArrival(() => holds(inB("shared.txt"), "the start"));
    for (const { proxy } of [a, b]) proxy.offline(true);
    await writeFile(inA("shared.txt"), "as A wants it");
    await writeFile(inB("shared.txt"), "as B wants it");
    await eventually(
      () =>
        [onA, onB].every(
          ({ events }) => events.at(-1)?.type === "offline" || events.some(({ type, state }) => type === "feed" && state === "offline"),
        )
          ? undefined
          : "both know that they are offline",
      30_000,
    );
    for (const { proxy } of [a, b]) proxy.offline(false);
    for (const device of [a, b]) await device.run(["refresh", device.folder]);

    await expectArrival(async () => {
      const versions = (await readdir(b.folder)).filter((name) => name.startsWith("shared"));
      return versions.length === 2;
    });
    for (const folder of [a.folder, b.folder]) {
      const versions = (await readdir(folder)).filter((name) => name.startsWith("shared"));
      const contents = await Promise.all(versions.map((name) => readFile(join(folder, name), "utf8")));
      expect(contents.toSorted()).toEqual(["as A wants it", "as B wants it"]);
    }
  });

  it("M7 the conflict is in the status, which exits with 3", async () => {
    const results = await Promise.all([a, b].map((device) => device.run(["status", device.folder, "--json"])));
    expect(results.map(({ code }) => code)).toContain(3);
    expect(results.map(({ stdout }) => stdout).join("")).toContain("conflicted copy");
  });

  it("M12 the first SIGINT ends a running sync with 0", async () => {
    onA.kill("SIGINT");
    expect(await onA.ended).toBe(0);
    expect(onA.events.at(-1)).toEqual({ type: "stopped" });
    onB.kill("SIGTERM");
    expect(await onB.ended).toBe(0);
  });
});
