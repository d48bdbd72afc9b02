import { chunking, cutLength } from "@ashlar/shared/chunker";
import type { BlockRef } from "@ashlar/shared/manifest";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Cutter } from "../../src/transfer/cutter.ts";
import { MiB, noise } from "../support/content.ts";
import { hashOf } from "../support/simulated-edge.ts";

/** The blocks of the bytes, and how many bytes were hashed for it. */
async function cut(bytes: Uint8Array, before: readonly BlockRef[]) {
  let hashed = 0;
  const cutter = new Cutter(before, (view) => {
    hashed += view.length;
    return hashOf(view);
  });
  const blocks: BlockRef[] = [];
  for (let at = 0; at < bytes.length;) {
    // As a window shows it: not always up to the end of the file.
    const left = bytes.subarray(at, at + chunking.bytesMax + MiB);
    const block = await cutter.next(left, at + left.length === bytes.length);
    blocks.push(block);
    at += block.size;
  }
  return { blocks, hashed };
}

function asContentCuts(bytes: Uint8Array): BlockRef[] {
  const blocks: BlockRef[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = cutLength(bytes.subarray(at), true);
    blocks.push({ hash: hashOf(bytes.subarray(at, at + size)), size });
    at += size;
  }
  return blocks;
}

const base = noise(24 * MiB, 5);
const edit = fc.record({ at: fc.nat(base.length), removed: fc.constantFrom(0, 0, 100, 3 * MiB), added: fc.constantFrom(0, 100, MiB) });

it("U73 whatever was edited, the blocks are those that the content alone cuts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 3 }), fc.boolean(), async (edits, isLonger) => {
      let bytes = base;
      for (const [seed, { at, removed, added }] of edits.entries())
        bytes = Buffer.concat([bytes.subarray(0, at), noise(added, 100 + seed), bytes.subarray(at + removed)]);
      const [older, newer] = isLonger ? [bytes, base] : [base, bytes];
      expect((await cut(newer, asContentCuts(older))).blocks).toEqual(asContentCuts(newer));
    }),
    { numRuns: 12 },
  );
});

it("U73 what follows an edit is recognised again, so that little is hashed twice", async () => {
  const before = asContentCuts(base);
  for (const [added, at] of [
    [0, 0],
    [100, 0],
    [100, 12 * MiB],
    [100, base.length],
  ] as const) {
    const bytes = Buffer.concat([base.subarray(0, at), noise(added, 9), base.subarray(at)]);
    const { blocks, hashed } = await cut(bytes, before);
    expect(blocks).toEqual(asContentCuts(bytes));
    expect(hashed).toBeLessThanOrEqual(bytes.length + 2 * chunking.bytesMax);
  }
});

it("U73 a last block that was ended by its file is none in the middle of a longer one", async () => {
  const short = noise(100, 1);
  const long = Buffer.concat([short, noise(100, 2)]);
  expect((await cut(long, asContentCuts(short))).blocks).toEqual([{ hash: hashOf(long), size: 200 }]);
  expect((await cut(short, asContentCuts(short))).blocks).toEqual([{ hash: hashOf(short), size: 100 }]);
  expect((await cut(short, asContentCuts(long))).blocks).toEqual([{ hash: hashOf(short), size: 100 }]);
});
