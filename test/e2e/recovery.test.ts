/** The real command after its own state, its session or its server failed it. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, utimes, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines, startSync } from "./support/command.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { readTree } from "./support/tree.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

let accounts = 0;
async function equalPair(): Promise<{ a: Device; b: Device; email: string }> {
  const email = `recovery${++accounts}@example.org`;
  const a = await house.device(`R${accounts}`, { email, register: true });
  const b = await house.device(`S${accounts}`, { email });
  await mkdir(join(a.folder, "deep"), { recursive: true });
  for (let index = 0; index < 5; index++) await writeFile(join(a.folder, "deep", `file ${index}`), `content ${index}`);
  await writeFile(join(a.folder, "large"), Buffer.alloc(200_000, "large "));
  await a.once();
  await b.once();
  return { a, b, email };
}

async function stateOf(device: Device): Promise<string> {
  const [id = ""] = await readdir(join(device.home, "folders"));
  return join(device.home, "folders", id, "state.sqlite");
}

const findings = (stdout: string) => jsonLines(stdout).filter(({ type }) => type === "finding");
const kinds = (stdout: string) => findings(stdout).map((found) => found["kind"]);

describe("the client's database", () => {
  const losses: readonly [string, string, (path: string) => Promise<void>][] = [
    ["was deleted", "database-absent", async (path) => rm(path)],
    ["is damaged", "database-damaged", async (path) => writeFile(path, "no database any more".repeat(1000))],
    [
      "is of another version",
      "database-other-version",
      async (path) => {
        using database = new DatabaseSync(path);
        database.exec("DROP TABLE local; CREATE TABLE local(id); PRAGMA user_version = 0");
      },
    ],
  ];

  it.each(losses)("M44 that %s is made anew, and both sides merge without deleting (I5)", async (_, kind, lose) => {
    const { a, b } = await equalPair();
    await writeFile(join(b.folder, "deep", "file 0"), "edited on the other device");
    await b.once();
    await writeFile(join(a.folder, "only here"), "new");
    await rm(`${await stateOf(a)}-wal`, { force: true });
    await lose(await stateOf(a));
    const examined = await a.run(["doctor", a.folder, "--json"]);
    expect(kinds(examined.stdout)).toContain(kind);
    expect(examined.code).toBe(0);
    // Which of the two is newer nobody can tell any more: both are kept.
    await a.once([0, 3]);
    await b.once([0, 3]);
    expect(await readTree(a.folder)).toEqual(await readTree(b.folder));
    const names = [...(await readTree(a.folder)).keys()];
    expect(names).toEqual(expect.arrayContaining(["only here", "large", "deep/file 0", "deep/file 4"]));
    expect(names.filter((name) => name.includes("conflicted copy"))).toHaveLength(1);
  });
});

describe("two homes", () => {
  it("M40 on one folder: the second is refused while the first runs, and goes on from there afterwards", async () => {
    const { a, email } = await equalPair();
    const other = await house.device(`T${accounts}`, { email });
    const before = await readTree(a.folder);
    expect((await other.run(["sync", a.folder, "--once"])).code).toBe(0);
    {
      await using running = a.start();
      await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "A is equal"));
      const refused = await other.run(["sync", a.folder, "--once"]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("another ASHLAR_HOME");
      const examined = await other.run(["doctor", a.folder, "--json"]);
      expect(kinds(examined.stdout)).toContain("other-home");
    }
    const after = await other.run(["sync", a.folder, "--once"]);
    expect(after.code).toBe(0);
    expect(await readTree(a.folder)).toEqual(before);
  });
});

describe("doctor and reconcile", () => {
  it("M41 M42 nothing is found while an equal folder is being synced; what was tampered with is found and mended", async () => {
    const { a, b } = await equalPair();
    const before = await readTree(a.folder);
    {
      await using running = a.start();
      await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "A is equal"));
      const examined = await a.run(["doctor", a.folder, "--deep", "--json"]);
      expect(jsonLines(examined.stdout)).toEqual([{ type: "examined", folder: a.folder, running: true, findings: 0, needPerson: 0 }]);
      expect(examined.code).toBe(0);
      expect((await a.run(["reconcile", a.folder])).code).toBe(0);
      await eventually(() => (running.events.some(({ type }) => type === "reconciled") ? undefined : "A has compared everything"));
    }
    {
      using database = new DatabaseSync(await stateOf(a));
      database.exec("UPDATE local SET parent = 'nowhere' WHERE name = 'deep'; UPDATE remote SET rev = rev + 1 WHERE name = 'large'");
    }
    const { mtime } = await stat(join(b.folder, "large"));
    await writeFile(join(b.folder, "large"), Buffer.alloc(200_000, "rotten"));
    await utimes(join(b.folder, "large"), mtime, mtime);

    const found = await a.run(["doctor", a.folder, "--json"]);
    expect(found.code).toBe(3);
    expect(kinds(found.stdout)).toEqual(expect.arrayContaining(["trees-inconsistent", "server-differs"]));
    const people = await a.run(["doctor", a.folder]);
    expect(people.stdout).toContain("`ashlar reconcile` mends it");

    const mended = await a.run(["reconcile", a.folder, "--deep", "--json"]);
    expect(mended.code).toBe(0);
    expect(jsonLines(mended.stdout).find(({ type }) => type === "reconciled")).toMatchObject({ blocksSent: 0, blocksMissing: 0 });
    expect(await readTree(a.folder)).toEqual(before);
    expect(findings((await a.run(["doctor", a.folder, "--json"])).stdout)).toEqual([]);
  });

  it("M55 each item that is not in sync is in the status with why, since when and the next try: one sent, one in the middle, one that waits", async () => {
    const { a, b } = await equalPair();
    const asked = async () => jsonLines((await a.run(["status", a.folder, "--json"])).stdout)[0];
    const queued = async () => ((await asked())?.["queued"] ?? []) as { path: string; reason: string }[];
    a.proxy.hold(({ method, path }) => (method === "PUT" && path.startsWith("/v1/blocks/")) || path === "/v1/commits");
    await using running = a.start();
    await writeFile(join(a.folder, "small"), "small");
    await eventually(async () =>
      (await queued()).some(({ path, reason }) => path === "small" && reason === "sent") ? undefined : "small",
    );
    await writeFile(join(a.folder, "big"), randomBytes(20 * 1024 * 1024));
    await writeFile(Buffer.concat([Buffer.from(`${a.folder}/`), Buffer.from([0x62, 0xff])]), "of a name that is not UTF-8");
    await eventually(async () => {
      const items = await queued();
      return items.some(({ path, reason }) => path === "big" && reason === "uploading") ? undefined : JSON.stringify(items);
    });
    const status = await asked();
    expect(status).toMatchObject({
      queued: [
        { path: "big", reason: "uploading", detail: expect.stringMatching(/ of 20 MiB /), sinceMs: expect.any(Number), nextTryMs: null },
        { path: "small", reason: "sent", sinceMs: expect.any(Number), nextTryMs: null },
      ],
      waiting: [{ path: "b\uFFFD", reason: "bad-name", detail: expect.stringContaining("$'b\\xff'"), sinceMs: expect.any(Number) }],
    });
    expect((await a.run(["status", a.folder])).stdout).toMatch(/to sync: big\. It is being sent: .* of 20 MiB so far\. \(since /);
    a.proxy.hold(undefined);
    await eventually(async () => ((await queued()).length === 0 ? undefined : JSON.stringify(await queued())));
    await b.once();
    expect((await stat(join(b.folder, "big"))).size).toBe(20 * 1024 * 1024);
    expect(running.exitCode()).toBeUndefined();
  });

  it("M41 M46 a device without a server, and one that was signed out, are told so", async () => {
    const { a, b } = await equalPair();
    await writeFile(join(a.folder, "new"), "new");
    a.proxy.offline(true);
    {
      await using running = startSync(a.folder, { home: a.home });
      await eventually(() => (running.events.some(({ type }) => type === "offline") ? undefined : "A is offline"));
      await eventually(async () => {
        const [status] = jsonLines((await a.run(["status", a.folder, "--json"])).stdout);
        const queued = (status?.["queued"] ?? []) as { path: string; reason: string }[];
        return queued.some(({ path, reason }) => path === "new" && reason === "offline") ? undefined : JSON.stringify(status);
      });
    }
    const unreachable = await a.run(["doctor", a.folder, "--json"]);
    expect(unreachable.code).toBe(3);
    expect(kinds(unreachable.stdout)).toEqual(expect.arrayContaining(["unreachable"]));
    a.proxy.offline(false);
    await a.once();

    const devices = jsonLines((await a.run(["devices", "--json"])).stdout);
    const other = devices.find(({ current }) => current === false);
    expect((await a.run(["devices", "revoke", String(other?.["id"])])).code).toBe(0);
    const signedOut = await b.run(["doctor", b.folder, "--json"]);
    expect(signedOut.code).toBe(3);
    expect(kinds(signedOut.stdout)).toContain("signed-out");
  });
});
