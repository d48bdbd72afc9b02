import { zstd } from "@ashlar/client/node/compression";
import { expect, test } from "vitest";
import { KiB, MiB, noise } from "../support/content.ts";
import { randomBytes } from "node:crypto";

const text = new TextEncoder().encode("a line of a text that says the same again and again\n".repeat(40_000));

test("U62 the trial tells what compresses from what does not, wherever in the block it stands", () => {
  expect(zstd.trial(text)).toBeLessThan(0.1);
  expect(zstd.trial(randomBytes(2 * MiB))).toBeGreaterThan(0.97);
  const half = Buffer.concat([randomBytes(MiB), text.subarray(0, MiB)]);
  expect(zstd.trial(half)).toBeLessThan(0.7);
  expect(zstd.trial(new Uint8Array())).toBe(1);
});

test("U62 a compressed block says how long it is, and comes back", async () => {
  for (const bytes of [text, noise(100, 1), noise(3 * MiB, 2)]) {
    const frame = await zstd.compress(bytes);
    // RFC 8878, section 3.1.1.1: the flags of Frame_Content_Size and Single_Segment.
    expect((frame[4] ?? 0) & 0b1110_0000).not.toBe(0);
    expect(Buffer.from(await zstd.decompress(frame, bytes.length)).equals(bytes)).toBe(true);
  }
});

test("U62 nothing is decompressed beyond what was allowed, and what is no zstd is refused", async () => {
  const frame = await zstd.compress(new Uint8Array(64 * KiB));
  await expect(zstd.decompress(frame, 64 * KiB - 1)).rejects.toMatchObject({ code: "ERR_BUFFER_TOO_LARGE" });
  await expect(zstd.decompress(noise(100, 1), 1000)).rejects.toMatchObject({ code: "ZSTD_error_prefix_unknown" });
});
