import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines } from "./support/command.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, password, type Device, type House } from "./support/house.ts";
import { readTree } from "./support/tree.ts";

const files = 40;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

let accounts = 0;
/** Two devices of a new account, equal, with some files. */
async function equalPair(): Promise<{ a: Device; b: Device; email: string }> {
  const email = `guard${++accounts}@example.org`;
  const a = await house.device(`A${accounts}`, { email, register: true });
  const b = await house.device(`B${accounts}`, { email });
  await mkdir(a.folder, { recursive: true });
  for (let index = 0; index < files; index++) await writeFile(join(a.folder, `file ${index}`), `content ${index}`);
  await a.once();
  await b.once();
  return { a, b, email };
}

async function filesOn(device: Device): Promise<number> {
  return [...(await readTree(device.folder)).values()].filter((what) => what.startsWith("file")).length;
}

describe("deletions that may be a mishap", () => {
  it("E8 M47 a deletion of much waits for a person, and goes on when it is meant", async () => {
    const { a, b } = await equalPair();
    for (let index = 0; index < files / 2; index++) await rm(join(a.folder, `file ${index}`));
    const asked = await a.once([3]);
    expect(jsonLines(asked.stdout).at(-1)).toMatchObject({ type: "outcome", state: "needs-person" });
    expect(asked.stdout).toContain("--allow-mass-delete");
    const status = await a.run(["status", a.folder]);
    expect([status.code, status.stdout.split("--allow-mass-delete").length - 1]).toEqual([3, 1]);
    await b.once();
    expect(await filesOn(b)).toBe(files);

    const meant = await a.run(["sync", a.folder, "--once", "--allow-mass-delete"]);
    expect(meant.code).toBe(0);
    await b.once([0, 3]);
    // B carries out a deletion of the same extent, and asks as well unless it is told.
    const told = await b.run(["sync", b.folder, "--once", "--allow-mass-delete"]);
    expect(told.code).toBe(0);
    expect(await filesOn(b)).toBe(files / 2);
  });

  it("E9 a folder that vanished deletes nothing, and goes on when it is back", async () => {
    const { a, b } = await equalPair();
    await rename(a.folder, `${a.folder} elsewhere`);
    const vanished = await a.once([3]);
    expect(vanished.stderr).toContain("is not there now");
    await b.once();
    expect(await filesOn(b)).toBe(files);
    await rename(`${a.folder} elsewhere`, a.folder);
    await a.once();
    expect(await filesOn(a)).toBe(files);
  });

  it("E9 an empty folder in its place, without the marker, deletes nothing", async () => {
    const { a, b } = await equalPair();
    await rename(a.folder, `${a.folder} elsewhere`);
    await mkdir(a.folder);
    const unmarked = await a.once([3]);
    expect(jsonLines(unmarked.stdout).at(-1)).toMatchObject({ type: "outcome", state: "needs-person" });
    await b.once();
    expect(await filesOn(b)).toBe(files);
  });

  it("E9 a folder that vanishes under a running sync deletes nothing", async () => {
    const { a, b } = await equalPair();
    await using running = a.start();
    await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "A is equal"));
    await rename(a.folder, `${a.folder} elsewhere`);
    await a.run(["refresh", a.folder]);
    await eventually(() => (running.events.some(({ type }) => type === "needs-person") ? undefined : "A asks a person"));
    expect(await readdir(join(a.folder, "..")).then((names) => names.includes("folder"))).toBe(false);
    await b.once();
    expect(await filesOn(b)).toBe(files);
  });
});

describe("one process for a folder", () => {
  it("M3 a second sync of a folder ends with 1 and names the first", async () => {
    const { a } = await equalPair();
    await using running = a.start();
    await eventually(() => (running.events.length > 0 ? undefined : "the first one runs"));
    const second = await a.run(["sync", a.folder, "--once"]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${running.pid}`);
    const status = jsonLines((await a.run(["status", a.folder, "--json"])).stdout);
    expect(status).toMatchObject([{ running: { pid: running.pid } }]);
  });

  it("M13 refresh has the running sync look at once", async () => {
    const { a } = await equalPair();
    await using running = a.start();
    await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "A is equal"));
    const scans = () => running.events.filter(({ type }) => type === "scan").length;
    const before = scans();
    expect((await a.run(["refresh", join(a.folder, "file 1")])).code).toBe(0);
    await eventually(() => (scans() > before ? undefined : "another scan"));
  });

  it("M12 a second signal ends it at once", async () => {
    const { a } = await equalPair();
    const running = a.start();
    await eventually(() => (running.events.some(({ type }) => type === "start") ? undefined : "it runs"));
    a.proxy.offline(true);
    running.kill("SIGINT");
    running.kill("SIGINT");
    expect([0, 130]).toContain(await running.ended);
  });
});

describe("sessions", () => {
  it("M18 M47 a revoked device stops syncing with 1, and says how to sign in again", async () => {
    const { a, b } = await equalPair();
    const running = b.start();
    await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "B is equal"));
    const listed = jsonLines((await a.run(["devices", "--json"])).stdout);
    const other = listed.find(({ current }) => current === false);
    expect(listed.length).toBe(2);
    expect((await a.run(["devices"])).stdout).toContain("signed in or renewed");
    expect((await a.run(["devices", "revoke", String(other?.["id"])])).code).toBe(0);
    expect(await running.ended).toBe(1);
    expect(running.stderr()).toContain("ashlar login");
    const status = await b.run(["status"]);
    expect([status.code, status.stdout]).toEqual([3, expect.stringContaining("this device is signed out")]);
    expect(jsonLines((await a.run(["devices", "--json"])).stdout).length).toBe(1);
    expect(await filesOn(b)).toBe(files);
  });

  it("M18 a device that is not there cannot be revoked", async () => {
    const { a } = await equalPair();
    const { code, stderr } = await a.run(["devices", "revoke", "x".repeat(22)]);
    expect(code).toBe(1);
    expect(stderr).toContain("no device");
  });

  it("M11 a wrong password, a taken address and a silent server fail with 1 and say so", async () => {
    const { email } = await equalPair();
    const device = await house.device(`L${accounts}`);
    const login = (more: string[], input: string) => device.run(["login", "--email", email, "--password-stdin", ...more], { input });
    const wrong = await login(["--server", device.proxy.url], "not the password\n");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("password is wrong")]);
    expect(wrong.stderr).toContain("--register");
    const taken = await login(["--server", device.proxy.url, "--register"], `${password}\n`);
    expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining("account with this e-mail address")]);
    const silent = await login(["--server", "http://127.0.0.1:9"], `${password}\n`);
    expect([silent.code, silent.stderr]).toEqual([1, expect.stringContaining("cannot be reached")]);
    const empty = await login(["--server", device.proxy.url], "");
    expect(empty.code).toBe(2);
  });

  it("M11 after logout the folder waits for its account, and goes on after the next login", async () => {
    const { a, email } = await equalPair();
    expect((await a.run(["logout"])).code).toBe(0);
    const out = await a.run(["sync", a.folder, "--once"]);
    expect([out.code, out.stderr]).toEqual([1, expect.stringContaining("signed out")]);
    await a.run(["login", "--server", a.proxy.url, "--email", email, "--password-stdin"], { input: `${password}\n` });
    await writeFile(join(a.folder, "later"), "later");
    await a.once();
  });
});
