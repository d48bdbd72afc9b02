import { createDeltaCodec } from "@ashlar/shared/delta/codec";
import { DeltaError } from "@ashlar/shared/delta/types";
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import { blockBytesMax, deltaBaseBytesMax, deltaCopiesMax } from "@ashlar/shared/limits";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { codec, deltaModule, hashOf, joined, named, randomBytes } from "../support/delta.ts";

const base = randomBytes(50_000, 1).map((byte, index) => (index < 25_000 ? 97 + (byte % 16) : byte));
const text = new TextEncoder().encode("a line of new text, and another one of the same text\n".repeat(9));
const target = joined(base.subarray(30_000, 45_000), text, base.subarray(0, 20_000), randomBytes(400, 2), base.subarray(20_500));
const frames = [
  codec.encode(target, [named(base)]),
  codec.encode(randomBytes(3000, 3), [named(base)]),
  codec.encodeFromSignatures(target, [{ hash: hashOf(base), signature: codec.sign(base) }]),
];
const frame = frames[0] ?? new Uint8Array();

/** Whatever a decoder is given, it makes bytes of the declared size or throws a DeltaError. */
function expectBounded(bytes: Uint8Array, bases: readonly Uint8Array[] = [base]): void {
  try {
    const made = codec.decode(bytes, bases);
    expect(made.length).toBe(readDeltaHeader(bytes).size);
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
  }
}

describe("Z10 a damaged frame is refused or makes bytes of the declared size, and nothing else happens", () => {
  test("Z10 bits flipped, bytes changed, left out, added and repeated", () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.constantFrom("flip", "set", "drop", "insert", "cut", "repeat") });
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.array(damage, { minLength: 1, maxLength: 4 }), (good, damages) => {
        let bytes = [...good];
        for (const { at, byte, how } of damages) {
          const place = at % Math.max(bytes.length, 1);
          if (how === "flip") bytes[place] = (bytes[place] ?? 0) ^ (1 << (byte % 8));
          else if (how === "set") bytes[place] = byte;
          else if (how === "drop") bytes.splice(place, 1 + (byte % 8));
          else if (how === "insert") bytes.splice(place, 0, byte);
          else if (how === "cut") bytes = bytes.slice(0, place);
          else bytes.splice(place, 0, ...bytes.slice(place, place + byte));
        }
        expectBounded(Uint8Array.from(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("Z10 any bytes behind a good head", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 70, max: 76 }), (bytes, kept) => {
        expectBounded(joined(frame.subarray(0, kept), bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("Z10 the codec makes good deltas after any number of bad ones", () => {
    for (let cut = 0; cut < 500; cut++) expectBounded(joined(frame.subarray(0, 75), randomBytes(200, cut)));
    expect(hashOf(codec.decode(frame, [base]))).toBe(hashOf(target));
  });
});

test("Z11 a frame that is cut short, or goes on after its end, is refused", () => {
  for (const good of frames) {
    for (let length = 0; length < good.length; length += 1 + Math.floor(length / 50))
      expect(() => codec.decode(good.subarray(0, length), [base])).toThrow(DeltaError);
    expect(() => codec.decode(good.subarray(0, good.length - 1), [base])).toThrow(DeltaError);
    expect(() => codec.decode(joined(good, Uint8Array.of(0)), [base])).toThrow(DeltaError);
  }
});

test("Z12 bases of another number or size than the frame's are refused", () => {
  expect(() => codec.decode(frame, [])).toThrow("it takes 1 bases, not 0");
  expect(() => codec.decode(frame, [base, base])).toThrow(DeltaError);
  expect(() => codec.decode(frame, [base.subarray(1)])).toThrow("base 1 has 49999 bytes instead of 50000");
});

const head = (size: readonly number[], difference: readonly number[], flags = 0, mark = 0xd1) =>
  Uint8Array.of(mark, flags, ...size, ...new Uint8Array(32), ...difference, 0, 0);

/** Of a target of 1000 bytes and a base of 3000. */
const start = (flags: number) => head([0xe8, 0x07], [0xa0, 0x1f], flags).subarray(0, -2);

describe("Z18 copies and lengths that cannot be are refused by what is wrong with them", () => {
  const small = base.subarray(0, 3000);
  const size = 1000;
  const literals = new Uint8Array(size);

  /** A made-up stream behind a good head: of raw, light or strong literals, from bytes or a signature, with none to enough of raw ones. */
  function madeUp(seed: number): Uint8Array {
    const [coding = 0, flag = 0, length = 0, raw = 0, ...stream] = randomBytes(60, seed);
    const kept = stream.slice(0, 1 + (length % 56));
    return joined(
      start(flag % 2 === 0 ? 0 : 4),
      Uint8Array.of(coding % 3, kept.length, ...kept),
      literals.subarray(0, [0, 10, size][raw % 3]),
    );
  }

  const seeds = 5000;
  const refusals = new Map<string, number>();
  for (let seed = 0; seed < seeds; seed++) {
    try {
      codec.decode(madeUp(seed), [small]);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
      refusals.set(error.message, (refusals.get(error.message) ?? 0) + 1);
    }
  }

  test.each([
    "its literals reach past the target",
    "a copy reaches past the target",
    "a copy from the target begins outside of what is made",
    "a copy reaches out of its bases",
    "its literals are cut short",
    "its stream does not end where it should",
    "it has more literals than it uses",
    "its marks are none or too many",
    "a copy of an unknown kind",
  ])("Z18 %s", (refusal) => {
    expect(refusals.get(refusal)).toBeGreaterThan(0);
  });
});

describe("Z13 a head that breaks a limit is refused before anything is decoded", () => {
  // LEB128 of 4 MiB and of one more
  const most = [0x80, 0x80, 0x80, 0x02];
  const tooMany = [0x81, 0x80, 0x80, 0x02];
  test("Z13 at the limit it is read", () => {
    expect(readDeltaHeader(head(most, [0])).size).toBe(blockBytesMax);
    expect(readDeltaHeader(head([1], [0])).bases[0]?.size).toBe(1);
  });
  test.each([
    ["another format or version", head(most, [0], 0, 0xd2)],
    ["reserved flags", head(most, [0], 0x08)],
    ["a target above a block", head(tooMany, [0])],
    ["a target of nothing", head([0], [0])],
    ["a base above a block", head(most, [2])],
    ["a base of nothing", head([1], [1])],
    ["a base below nothing", head([1], [5])],
    ["a number in more bytes than it needs", head([0x81, 0x00], [0])],
    ["a number without end", head([0xff, 0xff, 0xff, 0xff, 0x01], [0])],
    ["an unknown way to code literals", joined(head(most, [0]).subarray(0, -2), Uint8Array.of(3, 0))],
    ["parameters without their model", joined(head(most, [0]).subarray(0, -2), Uint8Array.of(4, 0))],
    ["tables above their limit", joined(head(most, [0]).subarray(0, -2), Uint8Array.of(2 | (7 << 2), 0))],
    ["a stream longer than the frame", joined(head(most, [0]).subarray(0, -2), Uint8Array.of(0, 9))],
  ])("Z13 refused: %s", (_what, bytes) => {
    expect(() => codec.decode(bytes, [new Uint8Array(blockBytesMax)])).toThrow(DeltaError);
  });
});

test("Z14 a delta of many short copies ends at the limit of copies, and the encoder keeps to it", () => {
  // Every third byte is new: more copies than a delta may have, if each run were one.
  const old = randomBytes(2_000_000, 4);
  const broken = old.map((byte, index) => (index % 12 === 0 ? byte ^ 255 : byte));
  expect(broken.length / 12).toBeGreaterThan(deltaCopiesMax);
  const made = codec.encode(broken, [named(old)]);
  expect(hashOf(codec.decode(made, [old]))).toBe(hashOf(broken));
});

test("Z15 a malformed signature is refused", () => {
  const signature = codec.sign(base);
  const from = (bytes: Uint8Array) => () => codec.encodeFromSignatures(target, [{ hash: hashOf(base), signature: bytes }]);
  expect(from(signature)).not.toThrow();
  expect(from(signature.subarray(0, -1))).toThrow(DeltaError);
  expect(from(joined(signature, Uint8Array.of(0)))).toThrow(DeltaError);
  expect(from(joined(Uint8Array.of(0x52), signature.subarray(1)))).toThrow(DeltaError);
  expect(from(joined(Uint8Array.of(0x51, 13), signature.subarray(2)))).toThrow(DeltaError);
  expect(from(new Uint8Array())).toThrow(DeltaError);
});

test("Z16 a signature that lies makes a delta of other bytes, which the hash tells, and no more", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(255), fc.nat(), (at, byte, seed) => {
      const lie = codec.sign(base);
      lie[5 + (at % (lie.length - 5))] = byte;
      const noise = randomBytes(lie.length - 5, seed);
      for (const signature of [lie, joined(lie.subarray(0, 5), noise)])
        expectBounded(codec.encodeFromSignatures(target, [{ hash: hashOf(base), signature }]));
    }),
    { numRuns: 50 },
  );
});

test("Z19 the codec's memory is 23 MiB besides bases and target, is grown once for the largest, and not by any frame", () => {
  const { prototype }: { readonly prototype: { readonly buffer: ArrayBuffer } } = Reflect.get(WebAssembly, "Memory");
  using looks = vi.spyOn(prototype, "buffer", "get");
  const own = createDeltaCodec(deltaModule);
  const block = new Uint8Array(blockBytesMax);
  const most = own.encode(
    block,
    Array.from({ length: 4 }, () => named(block)),
  );
  own.decode(most, [block, block, block, block]);
  const sizes = () => looks.mock.results.map(({ value }) => (value instanceof ArrayBuffer ? value.byteLength : 0));
  const largest = Math.max(...sizes());
  expect(largest).toBeLessThanOrEqual(23 * 1024 * 1024 + deltaBaseBytesMax + blockBytesMax);
  for (let seed = 0; seed < 200; seed++) {
    try {
      own.decode(joined(most.subarray(0, 150), randomBytes(100, seed)), [block, block, block, block]);
    } catch (error) {
      if (!(error instanceof DeltaError)) throw error;
    }
  }
  expect(Math.max(...sizes())).toBe(largest);
});
