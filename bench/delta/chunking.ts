/** What the way of cutting files costs: blocks, bytes stored anew, bytes sent as deltas (decision 0023). */
import { type Chunking, createCutter } from "@ashlar/shared/chunker";
import { deltaBasesMax } from "@ashlar/shared/limits";
import type { DeltaBase, DeltaCodec } from "@ashlar/shared/delta/types";
import { hashBlock } from "@ashlar/client/node/hash";
import { randomBytes } from "./generated.ts";
import { packed, type Pair } from "./inputs.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

type Block = DeltaBase & { readonly at: number };
type Cutter = { readonly name: string; cut(bytes: Uint8Array): Block[] };

const fixed: Cutter = {
  name: "fixed 4M",
  cut: (bytes) => cutBy(bytes, (rest) => Math.min(rest.length, 4 * MiB)),
};
const byContent = (name: string, sizes: Chunking): Cutter => {
  const cutter = createCutter(sizes);
  return { name, cut: (bytes) => cutBy(bytes, (rest) => cutter(rest, true)) };
};
const cutters: readonly Cutter[] = [
  fixed,
  byContent("512K/1M/4M", { bytesMin: 512 * KiB, bytesAverage: MiB, bytesMax: 4 * MiB }),
  byContent("1M/2M/4M", { bytesMin: MiB, bytesAverage: 2 * MiB, bytesMax: 4 * MiB }),
];

function cutBy(bytes: Uint8Array, lengthOf: (rest: Uint8Array) => number): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < bytes.length; at += blocks.at(-1)?.bytes.length ?? 1) {
    const block = bytes.subarray(at, at + lengthOf(bytes.subarray(at)));
    blocks.push({ at, hash: hashBlock(block), bytes: block });
  }
  return blocks;
}

/** The old blocks nearest to the same share of the file. */
function basesFor(block: Block, old: readonly Block[]): Block[] {
  const middle = block.at + block.bytes.length / 2;
  const distance = ({ at, bytes }: Block) => Math.abs(at + bytes.length / 2 - middle);
  return old.toSorted((a, b) => distance(a) - distance(b)).slice(0, deltaBasesMax);
}

function measure(codec: DeltaCodec, cutter: Cutter, { old, new: next }: Pair) {
  const before = cutter.cut(old);
  const known = new Set(before.map(({ hash }) => hash));
  const after = cutter.cut(next);
  const fresh = after.filter(({ hash }) => !known.has(hash));
  const sent = fresh.reduce(
    (sum, block) => sum + Math.min(codec.encode(block.bytes, basesFor(block, before)).length, block.bytes.length),
    0,
  );
  return { blocks: after.length, fresh: fresh.length, stored: fresh.reduce((sum, { bytes }) => sum + bytes.length, 0), sent };
}

function files(folder: string, pairs: readonly Pair[]): Pair[] {
  const large = randomBytes(64 * MiB, 1);
  const overwritten = Buffer.from(large);
  randomBytes(100, 2).copy(overwritten, 40_000_003);
  const other = Buffer.concat([randomBytes(3 * MiB + 17, 3), large.subarray(20 * MiB, 52 * MiB), randomBytes(5 * MiB, 4)]);
  const made: Pair[] = [
    { name: "64 MiB, 1 byte at the head", old: large, new: Buffer.concat([Buffer.of(7), large]) },
    { name: "64 MiB, 100 bytes overwritten", old: large, new: overwritten },
    { name: "another file with 32 MiB of it", old: large, new: other },
  ];
  try {
    made.push({ name: "tar typescript 5.6.2 to 5.6.3", old: packed(folder, "typescript@5.6.2"), new: packed(folder, "typescript@5.6.3") });
  } catch {
    console.log("tar typescript: skipped, the registry cannot be had");
  }
  return [...made, ...pairs.filter(({ name }) => /^(06|07|09|10|12|13|17)/.test(name))];
}

export function showChunking(codec: DeltaCodec, folder: string, pairs: readonly Pair[]): void {
  console.log("\ncutting                         " + cutters.map(({ name }) => name.padEnd(36)).join(""));
  console.log("                                " + cutters.map(() => "blocks  new    stored      sent      ").join(""));
  for (const pair of files(folder, pairs)) {
    const cells = cutters.map((cutter) => {
      const { blocks, fresh, stored, sent } = measure(codec, cutter, pair);
      return `${String(blocks).padStart(6)}${String(fresh).padStart(5)}${String(stored).padStart(10)}${String(sent).padStart(10)}     `;
    });
    console.log(pair.name.padEnd(32) + cells.join(""));
  }
}
