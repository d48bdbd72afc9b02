import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonLines } from "./support/command.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, type Device, type House } from "./support/house.ts";
import { seeded, seedOfThisRun } from "./support/random.ts";
import { readTree } from "./support/tree.ts";

const quotaBytes = 1_000_000;
const random = seeded(seedOfThisRun());

let house: House;
beforeAll(async () => {
  house = await openHouse({ ASHLAR_QUOTA_BYTES: String(quotaBytes) });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const namesOn = async (device: Device): Promise<string[]> => [...(await readTree(device.folder)).keys()].toSorted();

it("E33 M28 what does not fit waits, the rest goes on, and space that is freed is used without a person", async () => {
  const email = "quota@example.org";
  const a = await house.device("A", { email, register: true });
  const b = await house.device("B", { email });
  await mkdir(a.folder, { recursive: true });
  await writeFile(join(a.folder, "first"), random.bytes(700_000));
  await a.once();
  await writeFile(join(a.folder, "large"), random.bytes(600_000));
  for (const small of ["one", "two"]) await writeFile(join(a.folder, small), random.bytes(1000));
  const outcome = jsonLines((await a.once([0, 3])).stdout).at(-1);
  expect(outcome).toMatchObject({ state: "waiting", waiting: [{ path: "large", reason: "over-quota" }] });
  await b.once();
  expect(await namesOn(b)).toEqual(["first", "one", "two"]);

  const [status] = jsonLines((await a.run(["status", "--json"])).stdout);
  expect(status).toMatchObject({
    usage: { bytes: 702_000, quotaBytes, historyBytes: 0 },
    waiting: [{ path: "large", reason: "over-quota" }],
  });
  expect((await a.run(["status"])).stdout).toContain("686 KiB of 977 KiB used");

  await using running = a.start();
  await rm(join(a.folder, "first"));
  await eventually(async () => {
    await b.once();
    const names = await namesOn(b);
    return names.join() === "large,one,two" ? undefined : `B has ${names.join()}`;
  }, 90_000);
  await eventually(() => (running.events.some(({ type }) => type === "equal") ? undefined : "A is not equal"));
  const [after] = jsonLines((await a.run(["status", "--json"])).stdout);
  expect(after).toMatchObject({ waiting: [], usage: { bytes: 602_000, historyBytes: 700_000 } });
  await house.edge().stop();
  const [silent] = jsonLines((await a.run(["status", "--json"])).stdout);
  expect(silent).toMatchObject({ usage: null });
});
