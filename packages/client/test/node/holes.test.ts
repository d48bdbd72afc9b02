import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WrittenMap, holeBytes, runsToWrite } from "../../src/node/holes.ts";

const size = 6 * holeBytes;

describe("holes", () => {
  it("D15 whatever is written where and how often, the runs make the same file", () => {
    const write = fc.record({
      offset: fc.nat(size - 1),
      length: fc.nat(3 * holeBytes),
      value: fc.constantFrom(0, 0, 1, 2),
      mark: fc.option(fc.nat(3 * holeBytes), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 8 }), (writes) => {
        const plain = new Uint8Array(size * 2);
        const holed = new Uint8Array(size * 2);
        const written = new WrittenMap();
        for (const { offset, length, value, mark } of writes) {
          const bytes = new Uint8Array(length).fill(value);
          if (mark !== undefined && mark < length) bytes[mark] = 3;
          plain.set(bytes, offset);
          for (const { start, end } of runsToWrite(bytes, offset, written)) holed.set(bytes.subarray(start, end), offset + start);
        }
        expect(Buffer.compare(plain, holed)).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it("D15 zeros that were never overwritten are not written", () => {
    expect(runsToWrite(new Uint8Array(4 * holeBytes), 0, new WrittenMap())).toEqual([]);
    const bytes = new Uint8Array(4 * holeBytes);
    bytes[2 * holeBytes] = 1;
    expect(runsToWrite(bytes, 0, new WrittenMap())).toEqual([{ start: 2 * holeBytes, end: 3 * holeBytes }]);
  });
});
