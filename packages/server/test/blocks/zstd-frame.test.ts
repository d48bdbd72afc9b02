import { blockBytesMax } from "@ashlar/shared/limits";
import * as fc from "fast-check";
import { constants, createZstdCompress, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodeZstd, zstdContentBytes } from "../../src/blocks/zstd-frame.ts";
import { randomBytes, unzstd } from "../support/ports.ts";

const decode = (frame: Uint8Array, bytesMax = blockBytesMax) => decodeZstd(unzstd, frame, bytesMax);

/** Bytes of its content, or what is thrown. */
function outcomeOf(frame: Uint8Array, bytesMax: number): unknown {
  try {
    return decode(frame, bytesMax).length;
  } catch (error) {
    return error;
  }
}

const text = Buffer.from("the same again and again, ".repeat(20_000));
const frameOf = (bytes: Uint8Array, level = 3) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });

test("Y17 a frame declares its size, and gives back what was compressed, at every size of its header", () => {
  for (const size of [1, 255, 256, 65_791, 65_792, 300_000, blockBytesMax]) {
    for (const bytes of [randomBytes(size), new Uint8Array(size), text.subarray(0, size)]) {
      for (const level of [1, 3, 19].slice(0, size > 300_000 ? 2 : 3)) {
        const frame = frameOf(bytes, level);
        expect(zstdContentBytes(frame)).toBe(bytes.length);
        expect(Buffer.from(decode(frame)).equals(bytes)).toBe(true);
      }
    }
  }
});

test("Y17 a frame with a checksum is one frame too", () => {
  const frame = zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
  expect(decode(frame)).toHaveLength(text.length);
  expect(() => decode(frame.subarray(0, -4))).toThrow(RangeError);
});

test("Y19 a frame that is cut short anywhere is refused", () => {
  const frame = frameOf(text.subarray(0, 5000));
  for (let length = 0; length < frame.length; length++) expect(() => decode(frame.subarray(0, length))).toThrow(RangeError);
});

test("Y19 bytes behind the frame, two frames, a skippable one, and what is no frame are refused", () => {
  const frame = frameOf(text);
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]);
  expect(() => decode(frameOf(new Uint8Array(0)))).toThrow("nothing");
  for (const bytes of [Buffer.concat([frame, Buffer.of(0)]), Buffer.concat([frame, frame]), Buffer.concat([skippable, frame]), text]) {
    expect(() => decode(bytes)).toThrow(RangeError);
  }
});

test("Y19 a frame that declares no size, needs a dictionary, or a window above 8 MiB is refused", async () => {
  const streamed = createZstdCompress();
  streamed.write(text);
  await new Promise<void>((resolve) => streamed.flush(() => resolve()));
  streamed.end();
  const pieces: Buffer[] = [];
  for await (const piece of streamed) pieces.push(piece as Buffer);
  expect(() => decode(Buffer.concat(pieces))).toThrow("does not declare");

  const frame = frameOf(Buffer.alloc(blockBytesMax, text));
  expect((frame[4] ?? 0) & 0x20).toBe(0);
  const changed = (at: number, value: number) => Buffer.from(frame).fill(value, at, at + 1);
  expect(() => decode(changed(4, (frame[4] ?? 0) | 1))).toThrow("dictionary");
  expect(() => decode(changed(4, (frame[4] ?? 0) | 8))).toThrow("reserved");
  expect(decode(changed(5, (23 - 10) << 3))).toHaveLength(blockBytesMax);
  expect(() => decode(changed(5, ((23 - 10) << 3) | 1))).toThrow("window");
});

test("Y19 a frame that holds more than it declares is stopped there, and one that declares more than is allowed is not read", () => {
  const bomb = frameOf(new Uint8Array(64 * 1024 * 1024));
  expect(bomb.length).toBeLessThan(10_000);
  expect(() => decode(bomb)).toThrow("are allowed");
  const lying = Buffer.from(bomb);
  lying.writeUInt32LE(1000, 6);
  expect(zstdContentBytes(lying)).toBe(1000);
  expect(() => decode(lying)).toThrow(RangeError);
});

test("Y19 any change of a frame is refused as such, or gives as many bytes as it declares", () => {
  const frame = frameOf(text.subarray(0, 20_000));
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.nat(255), fc.nat(frame.length), (at, value, cut) => {
      const changed = Buffer.from(frame)
        .fill(value, at, at + 1)
        .subarray(0, frame.length - (cut % 3));
      const outcome = outcomeOf(changed, 30_000);
      expect(outcome instanceof RangeError || outcome === zstdContentBytes(changed)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
