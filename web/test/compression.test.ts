import { zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { createCompression } from "../src/transfer/compression.ts";

const text = Buffer.from("2026-11-27 a line of a log, much like the one before it\n".repeat(20_000));
const noise = crypto.getRandomValues(new Uint8Array(60_000));

test("WB37 frames of the encoder say how long their content is, and other decoders read them", async () => {
  const compression = createCompression();
  await compression.load();
  const frame = await compression.compress(text);
  expect(frame.length).toBeLessThan(text.length / 10);
  expect(zstdDecompressSync(frame).equals(text)).toBe(true);
  // RFC 8878 section 3.1.1.1: the content's size is there unless both of these are zero.
  const descriptor = frame[4] ?? 0;
  expect((descriptor >>> 6) + (descriptor & 0x20)).toBeGreaterThan(0);
});

test("WB37 samples tell what shrinks from what does not, and nothing shrinks before the encoder is loaded", async () => {
  const compression = createCompression();
  expect(compression.trial(text)).toBe(1);
  await compression.load();
  expect(compression.trial(text)).toBeLessThan(0.2);
  expect(compression.trial(noise)).toBeGreaterThan(0.97);
  expect(compression.trial(new Uint8Array(0))).toBe(1);
});

test("WB37 an encoder that did not come is asked for again with the next file, and blocks travel plain until then", async () => {
  let asked = 0;
  const compression = createCompression(async () => {
    asked++;
    if (asked === 1) throw new Error("the file did not come");
    return () => new Uint8Array(1);
  });
  await compression.load();
  expect(await compression.compress(text)).toBe(text);
  await compression.load();
  await expect.poll(() => compression.trial(text)).toBeLessThan(1);
  await compression.load();
  expect(asked).toBe(2);
});

test("WB37 a block on which the encoder fails travels plain", async () => {
  const compression = createCompression(async () => () => {
    throw new Error("out of memory");
  });
  await compression.load();
  expect(compression.trial(text)).toBe(1);
  expect(await compression.compress(text)).toBe(text);
});
