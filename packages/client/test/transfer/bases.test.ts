import { hashBlock } from "@ashlar/client/node/hash";
import { type Gap, OldVersion } from "@ashlar/client/transfer/bases";
import { deltaBasesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

const block = (name: string, size = 10): BlockRef => ({ hash: hashBlock(new TextEncoder().encode(name)), size });
const blocks = (names: string, size?: number): BlockRef[] => names.split("").map((name) => block(name, size));

/** What is followed by an old block is known one block later; `?` are new blocks. */
function basesOf(old: string, now: string): string[] {
  const version = new OldVersion(blocks(old));
  const names = new Map(old.split("").map((name) => [block(name).hash, name]));
  const places = now.split("").map((name, index) => version.next(name === "?" ? block(`new ${index}`) : block(name)));
  return places.flatMap((place, index) => {
    if (typeof place === "number") return [];
    const next = index + 1 < places.length ? places[index + 1] : version.end;
    const bases = version.basesOf(10, place, typeof next === "number" ? next : undefined);
    return [bases.map(({ hash }) => names.get(hash)).join("")];
  });
}

describe("which old blocks a new one is made of", () => {
  test.for([
    ["the one that stood there", "abcd", "ab?d", ["c"]],
    ["the first, after an insertion at the head", "abcd", "?bcd", ["a"]],
    ["the last, after an append", "abcd", "abc?", ["d"]],
    ["each the one at its place, and the edge of what was replaced", "abcdef", "a???ef", ["b", "cb", "db"]],
    ["both ends of what was left out", "abcdefgh", "a?h", ["bg"]],
    ["its neighbours, when nothing stood between them", "ab", "a?b", ["ab"]],
    ["the first, when it comes before all", "ab", "?ab", ["a"]],
    ["none of a file that was empty", "", "?", [""]],
    ["where the content before it has moved to", "abcdef", "efa?cd", ["b"]],
  ] as const)("U51 %s", ([, old, now, expected]) => {
    expect(basesOf(old, now)).toEqual(expected);
  });

  test("U51 those first that overlap it most", () => {
    const version = new OldVersion([block("a", 30), block("b", 100), block("c", 20)]);
    const gap = version.next(block("new", 140)) as Gap;
    expect(version.basesOf(140, gap, undefined).map(({ size }) => size)).toEqual([100, 30, 10, 20].filter((size) => size !== 10));
  });

  test("U51 four at most, each once, all of them old", () => {
    const name = fc.integer({ min: 0, max: 8 });
    const list = fc.array(name, { maxLength: 12 });
    fc.assert(
      fc.property(list, list, (old, now) => {
        const oldBlocks = old.map((one) => block(`${one}`, 1 + (one % 3)));
        const known = new Set(oldBlocks.map(({ hash }) => hash));
        const version = new OldVersion(oldBlocks);
        for (const one of now) {
          const next = block(`${one + 4}`, 1 + ((one + 4) % 3));
          const place = version.next(next);
          expect(typeof place === "number").toBe(known.has(next.hash));
          if (typeof place === "number") continue;
          for (const until of [undefined, version.end]) {
            const bases = version.basesOf(next.size, place, until).map(({ hash }) => hash);
            expect(bases.length).toBeLessThanOrEqual(deltaBasesMax);
            expect(new Set(bases).size).toBe(bases.length);
            expect(bases.every((hash) => known.has(hash))).toBe(true);
            expect(bases.length > 0).toBe(old.length > 0);
          }
        }
      }),
    );
  });
});
