/** What an edit costs on the wire: counted by a proxy, with every header and frame. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { append, copyBeside, type Cost, costOf, insertAtHead, overwrite, type Pair } from "./support/edits.ts";
import { eventually } from "./support/eventually.ts";
import { openHouse, type House } from "./support/house.ts";
import { seeded } from "./support/random.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const fileBytes = 256 * MiB;
const smallEditBytesMax = 2 * KiB;
const name = "big.bin";
/** The same in every run, since counts are asserted: where a cut falls decides whether an insertion changes one block or two. */
const random = seeded(20_261_122);

let house: House;
let pair: Pair;

const path = () => join(pair.a.folder, name);
const aside = () => join(house.directory, "aside");

async function cost(what: string, edit: () => Promise<void>, file = name): Promise<Cost> {
  const measured = await costOf(pair, file, edit);
  const { up, down, otherUp, answers, signatures } = measured;
  console.log(
    `${what}: ${up} B up, ${down} B down; besides ${answers} B of answers, ${signatures} B of signatures, ${otherUp} B up from B`,
  );
  return measured;
}

beforeAll(async () => {
  house = await openHouse();
  const email = "delta@example.org";
  const a = await house.device("A", { email, register: true });
  const b = await house.device("B", { email });
  await mkdir(a.folder, { recursive: true });
  await writeFile(join(a.folder, name), random.bytes(fileBytes));
  await a.once();
  await b.once();
  pair = { a, b, onA: a.start(), onB: b.start() };
  const isLive = () =>
    [pair.onA, pair.onB].every(({ events }) => ["live", "equal"].every((word) => JSON.stringify(events).includes(`"${word}"`)));
  await eventually(() => (isLive() ? undefined : "both are live and equal"));
}, 300_000);
afterAll(async () => {
  await pair?.onA[Symbol.asyncDispose]();
  await pair?.onB[Symbol.asyncDispose]();
  await house?.[Symbol.asyncDispose]();
});

describe("an edit of a file of 256 MiB", () => {
  it("E30 of 100 bytes in its middle costs 2 KB up and 2 KB down, also when its old bytes are gone", async () => {
    const first = await cost("overwrite, old bytes gone", () => overwrite(path(), 100 * MiB, random.bytes(100)));
    const second = await cost("overwrite, from the cache", () => overwrite(path(), 100 * MiB + 5000, random.bytes(100)));
    for (const { up, down } of [first, second]) expect(Math.max(up, down)).toBeLessThanOrEqual(smallEditBytesMax);
    expect(second.signatures).toBe(0);
  });

  it("E30 of 100 bytes put in at its head costs 2 KB up and 2 KB down", async () => {
    const first = await cost("insert at the head, old bytes gone", () => insertAtHead(path(), aside(), random.bytes(100)));
    const second = await cost("insert at the head, from the cache", () => insertAtHead(path(), aside(), random.bytes(100)));
    for (const { up, down } of [first, second]) expect(Math.max(up, down)).toBeLessThanOrEqual(smallEditBytesMax);
    expect(second.signatures).toBe(0);
  });

  it("E30 of 1 MiB put at its end costs 1.02 MiB", async () => {
    const { up, down } = await cost("append of 1 MiB", () => append(path(), random.bytes(MiB)));
    expect(Math.max(up, down)).toBeLessThanOrEqual(1.02 * MiB);
  });

  it("E31 that only renames or copies it sends none of its content", async () => {
    const copied = await cost("copy", () => copyBeside(path(), aside(), join(pair.a.folder, "copy.bin")), "copy.bin");
    const renamed = await cost("rename", () => rename(path(), join(pair.a.folder, "renamed.bin")), "renamed.bin");
    // A copy is a new file, whose manifest names its blocks.
    expect(Math.max(copied.up, copied.down)).toBeLessThanOrEqual(16 * KiB);
    expect(Math.max(renamed.up, renamed.down)).toBeLessThanOrEqual(smallEditBytesMax);
  });
});
