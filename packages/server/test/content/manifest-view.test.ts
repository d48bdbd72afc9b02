import { blockHashSchema } from "@ashlar/shared/ids";
import { blockBytesMax } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ManifestView } from "../../src/content/manifest-view.ts";

const blocks = fc.array(
  fc.record({
    hash: fc.stringMatching(/^[0-9a-f]{64}$/).map((text) => blockHashSchema.parse(text)),
    size: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: blockBytesMax })),
  }),
  { maxLength: 20 },
);

test("CT2 the blocks that a range touches are exactly those with a byte of it", () => {
  fc.assert(
    fc.property(blocks, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (list, one, other) => {
      const view = new ManifestView(encodeManifest(list));
      expect([...view.blocks()]).toEqual(list);
      const size = list.reduce((total, block) => total + block.size, 0);
      const [offset = 0, end = 0] = [Math.floor(one * size), Math.floor(other * size)].toSorted((a, b) => a - b);
      if (end === offset) return;
      const { from, to, skip } = view.touching({ offset, length: end - offset });
      const before = list.slice(0, from).reduce((total, block) => total + block.size, 0);
      const upTo = list.slice(0, to).reduce((total, block) => total + block.size, 0);
      expect(skip).toBe(offset - before);
      expect(skip).toBeLessThan(list[from]?.size ?? 0);
      expect(upTo).toBeGreaterThanOrEqual(end);
      expect(upTo - (list[to - 1]?.size ?? 0)).toBeLessThan(end);
    }),
  );
});
