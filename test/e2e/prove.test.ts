/** The same file in one account after the other, each on a device of its own. */
import { proveHoldersMax, proveHoldersMin } from "@ashlar/shared/limits";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openHouse, type Device, type House } from "./support/house.ts";
import { blocksSent } from "./support/proxy.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";

const MiB = 1024 * 1024;
const bytes = seeded(seedOfThisRun()).bytes(8 * MiB);

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.[Symbol.asyncDispose]());

let accounts = 0;
async function newAccount(content: Uint8Array): Promise<Device> {
  const name = `P${accounts++}`;
  const device = await house.device(name, { email: `${name}@example.org`, register: true });
  await mkdir(device.folder, { recursive: true });
  await writeFile(join(device.folder, "film.bin"), content);
  await device.once();
  return device;
}

/** Bytes of all bodies that the device sent. */
const bytesUp = ({ proxy }: Device) => proxy.passed.reduce((total, one) => total + one.bytesUp, 0);
const proofsSent = ({ proxy }: Device) => proxy.passed.filter(({ path, status }) => path === "/v1/blocks/prove" && status === 204);

it("E20 a file costs a new account its blocks while few have it, and a few hundred bytes a block once enough do", async () => {
  const devices: Device[] = [];
  for (let made = 0; made < proveHoldersMax; made++) devices.push(await newAccount(bytes));
  const all = new Set(blocksSent(devices[0]?.proxy ?? raise()));
  expect(all.size).toBeGreaterThan(1);
  for (const early of devices.slice(0, proveHoldersMin)) {
    expect(new Set(blocksSent(early.proxy))).toEqual(all);
    expect(bytesUp(early)).toBeGreaterThan(bytes.length);
  }
  // From there on a block is sent until it has as many holders as were drawn for it, and never again.
  for (const [at, device] of devices.entries()) {
    expect(blocksSent(device.proxy).length + proofsSent(device).length).toBe(all.size);
    const before = new Set(blocksSent(devices[at - 1]?.proxy ?? device.proxy));
    expect(blocksSent(device.proxy).every((hash) => before.has(hash))).toBe(true);
  }

  const late = await newAccount(bytes);
  expect(blocksSent(late.proxy)).toEqual([]);
  expect(proofsSent(late)).toHaveLength(all.size);
  expect(bytesUp(late)).toBeLessThan(2000 + 600 * all.size);

  // It is this account's as any other: a second device of it gets the bytes.
  const second = await house.device("second", { email: `${late.name}@example.org` });
  await second.once();
  expect((await readFile(join(second.folder, "film.bin"))).equals(bytes)).toBe(true);

  const edited = Uint8Array.from(bytes);
  edited.fill(0x5a, 4 * MiB, 4 * MiB + 100);
  const other = await newAccount(edited);
  const sent = blocksSent(other.proxy);
  expect(sent).toHaveLength(1);
  expect(all).not.toContain(sent[0]);
  expect(proofsSent(other)).toHaveLength(all.size - 1);
});

function raise(): never {
  throw new Error("nobody synced");
}
