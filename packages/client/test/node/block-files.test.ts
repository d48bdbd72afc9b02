import { openBlockStore } from "@ashlar/client/node/block-files";
import { hashBlock } from "@ashlar/client/node/hash";
import { createBlockCache } from "@ashlar/client/transfer/block-cache";
import { mkdir, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KiB, noise } from "../support/content.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const contents = [1, 2, 3].map((seed) => noise(20 * KiB, seed));
const blocks = contents.map((bytes) => ({ hash: hashBlock(bytes), size: bytes.length, bytes }));

test("U58 blocks are files of their own, for their owner alone, in the order of their use", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "home", "blocks");
  const store = openBlockStore(path);
  expect(await store.list()).toEqual([]);
  for (const { hash, bytes } of blocks) await store.write(hash, bytes);
  for (const { hash } of blocks.slice(0, 1)) await store.mark(hash, "used");
  for (const { hash } of blocks.slice(2)) await store.mark(hash, "spent");
  const order = (await openBlockStore(path).list()).map(({ hash }) => blocks.findIndex((block) => block.hash === hash));
  expect(order).toEqual([2, 1, 0]);
  const modes = await Promise.all(
    [path, ...(await readdir(path)).map((name) => join(path, name))].map(async (one) => (await stat(one)).mode & 0o077),
  );
  expect(new Set(modes)).toEqual(new Set([0]));
});

test("U58 what a crash left half written is removed, and what it left cut short is not believed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "blocks");
  await mkdir(path);
  const [first, second] = blocks;
  if (first === undefined || second === undefined) throw new Error("there are blocks");
  const cache = createBlockCache({ store: openBlockStore(path), hashBlock });
  await cache.put(first.hash, first.bytes);
  await cache.put(second.hash, second.bytes);
  await writeFile(join(path, `${first.hash}.draft`), "half");
  await truncate(join(path, second.hash), 100);
  const after = createBlockCache({ store: openBlockStore(path), hashBlock });
  expect(Buffer.from((await after.get(first)) ?? []).equals(first.bytes)).toBe(true);
  expect(await after.get(second)).toBeUndefined();
  expect(await readdir(path)).toEqual([first.hash]);
});
