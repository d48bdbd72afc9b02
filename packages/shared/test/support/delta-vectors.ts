/** What the golden frames of `test/delta/vectors/` were made of, one for each way in which a frame codes. */
import type { DeltaCodec } from "@ashlar/shared/delta/types";
import { hashOf, joined, named, randomBytes } from "./delta.ts";

export type Vector = {
  readonly name: string;
  readonly target: Uint8Array;
  readonly bases: readonly Uint8Array[];
  /** How a frame of it is made today: it may have become a smaller one. */
  make(codec: DeltaCodec): Uint8Array;
};

const text = (value: string) => new TextEncoder().encode(value);
const lines = Array.from(
  { length: 600 },
  (_, index) => `${index} line of ${(index * 7919) % 1009} words, the ${(index * 104729) % 65537}th of them\n`,
);
const prose = text(lines.join(""));
const noise = randomBytes(30_000, 1);
/** Where addresses moved: the same difference in every few words. */
const moved = randomBytes(1_300_000, 2);
const patched = moved.map((byte, at) => (at % 24 < 3 ? byte + 17 + (at % 24) : byte));

const fromBytes = (name: string, target: Uint8Array, bases: readonly Uint8Array[]): Vector => ({
  name,
  target,
  bases,
  make: (codec) => codec.encode(target, bases.map(named)),
});

export const vectors: readonly Vector[] = [
  fromBytes("raw", joined(noise.subarray(0, 9000), randomBytes(100, 3), noise.subarray(9100)), [noise]),
  fromBytes("strong", joined(prose.subarray(0, 5000), text("a line that was not there\n"), prose.subarray(5000)), [prose]),
  fromBytes("marks", text(lines.toSorted((a, b) => (a.slice(-20) < b.slice(-20) ? -1 : 1)).join("")), [prose]),
  fromBytes(
    "light",
    text(
      lines
        .map(
          (line, index) =>
            line +
            randomBytes(90, index)
              .map((byte) => 97 + (byte % 20))
              .toString(),
        )
        .join(""),
    ),
    [prose],
  ),
  fromBytes("differences", patched, [moved]),
  fromBytes("bases", joined(noise.subarray(20_000), prose.subarray(100, 9000), noise.subarray(0, 500)), [prose, noise, noise.subarray(7)]),
  {
    name: "signature",
    target: joined(prose.subarray(300), noise.subarray(10_000)),
    bases: [noise, prose],
    make(codec) {
      const signed = this.bases.map((bytes) => ({ hash: hashOf(bytes), signature: codec.sign(bytes) }));
      return codec.encodeFromSignatures(this.target, signed);
    },
  },
];
