/**
 * `npm run bench:delta`: what edits of a large file cost on the wire, between real devices and a real server, by a proxy that
 * counts every byte. Beside it what the same edits cost without deltas: V0 the whole file, V1 its fixed blocks of 4 MiB.
 * Both are counted without any protocol, V2 with all of it.
 *
 * `node bench/delta/end-to-end.ts [MiB of the file]`
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { append, copyBeside, type Cost, costOf, insertAtHead, overwrite, type Pair } from "../../test/e2e/support/edits.ts";
import { eventually } from "../../test/e2e/support/eventually.ts";
import { openHouse } from "../../test/e2e/support/house.ts";
import { seeded } from "../../test/e2e/support/random.ts";

const MiB = 1024 * 1024;
const fixedBlockBytes = 4 * MiB;
const fileBytes = Number(process.argv[2] ?? 256) * MiB;
const random = seeded(20_261_122);

type Row = { readonly edit: string; readonly v0: number; readonly v1: number; readonly cost: Cost };

/** Fixed blocks of a file, by place: what a client without content-defined cuts compares. */
async function fixedBlocks(path: string): Promise<string[]> {
  const hashes: string[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: fixedBlockBytes })) {
    hashes.push(
      createHash("sha256")
        .update(chunk as Buffer)
        .digest("hex"),
    );
  }
  return hashes;
}

async function rows(directory: string, pair: Pair): Promise<Row[]> {
  const inA = (name: string) => join(pair.a.folder, name);
  const aside = join(directory, "aside");
  const measured: Row[] = [];

  async function measure(edit: string, name: string, act: () => Promise<void>): Promise<void> {
    const before = new Set(await fixedBlocks(inA("big.bin")));
    const cost = await costOf(pair, name, act);
    const { size } = await stat(inA(name));
    const after = await fixedBlocks(inA(name));
    const v1 = after.reduce(
      (total, hash, index) => total + (before.has(hash) ? 0 : Math.min(fixedBlockBytes, size - index * fixedBlockBytes)),
      0,
    );
    measured.push({ edit, v0: size, v1, cost });
  }

  const path = inA("big.bin");
  const middle = Math.floor(fileBytes / 2) + 12_345;
  await measure("overwrite 100 B, old bytes gone", "big.bin", () => overwrite(path, middle, random.bytes(100)));
  await measure("overwrite 100 B, old bytes cached", "big.bin", () => overwrite(path, middle + 5000, random.bytes(100)));
  await measure("insert 100 B at the head, old bytes gone", "big.bin", () => insertAtHead(path, aside, random.bytes(100)));
  await measure("insert 100 B at the head, old bytes cached", "big.bin", () => insertAtHead(path, aside, random.bytes(100)));
  await measure("append 1 MiB", "big.bin", () => append(path, random.bytes(MiB)));
  await measure("copy", "copy.bin", () => copyBeside(path, aside, inA("copy.bin")));
  await measure("rename", "renamed.bin", () => rename(inA("copy.bin"), inA("renamed.bin")));
  return measured;
}

function table(measured: readonly Row[]): string {
  const heads = ["edit", "V0 whole file", "V1 4 MiB blocks", "V2 up", "V2 down", "signatures", "other answers"];
  const lines = measured.map(({ edit, v0, v1, cost }) => [
    edit,
    ...[v0, v1, cost.up, cost.down, cost.signatures, cost.answers].map((bytes) => bytes.toLocaleString("en")),
  ]);
  const widths = heads.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (line: readonly string[]) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return [heads, ...lines].map((line) => pad(line).join("  ")).join("\n");
}

await using house = await openHouse();
const email = "bench@example.org";
const a = await house.device("A", { email, register: true });
const b = await house.device("B", { email });
await mkdir(a.folder, { recursive: true });
await writeFile(join(a.folder, "big.bin"), random.bytes(fileBytes));
await a.once();
await b.once();
await using onA = a.start();
await using onB = b.start();
const isLive = () =>
  [onA, onB].every(({ events }) => events.some(({ state }) => state === "live") && events.some(({ type }) => type === "equal"));
await eventually(() => (isLive() ? undefined : "both are live and equal"));
console.log(
  `A file of ${fileBytes / MiB} MiB that does not compress, on two devices. Bytes; V2 with all of the protocol, both other columns are what A is answered besides.`,
);
console.log(table(await rows(house.directory, { a, b, onA, onB })));
