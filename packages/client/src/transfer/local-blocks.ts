import type { BlockHash } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import { DiskError, type LocalPlace, type RelativePath } from "../ports.ts";
import type { TransferOptions } from "./options.ts";

export type LocalBlocks = {
  /** As far as this device knows without looking. */
  mayHave(hash: BlockHash): boolean;
  /** From the cache or from a file, verified; undefined when neither has it any more. `except` is a file that holds others now. */
  find(block: BlockRef, except?: RelativePath): Promise<Uint8Array | undefined>;
};

/** Content that is on this device already. */
export function createLocalBlocks({
  disk,
  knowledge,
  hashBlock,
  cache,
}: Pick<TransferOptions, "disk" | "knowledge" | "hashBlock" | "cache">): LocalBlocks {
  async function readAt(block: BlockRef, { path, offset }: LocalPlace): Promise<Uint8Array | undefined> {
    try {
      await using handle = await disk.open(path);
      const bytes = new Uint8Array(block.size);
      for (let at = 0; at < bytes.length;) {
        const count = await handle.read(bytes.subarray(at), offset + at);
        if (count === 0) return undefined;
        at += count;
      }
      return (await isBlock(block, bytes, hashBlock)) ? bytes : undefined;
    } catch (error) {
      if (error instanceof DiskError) return undefined;
      throw error;
    }
  }

  async function inFiles(block: BlockRef, except?: RelativePath): Promise<Uint8Array | undefined> {
    for (const place of knowledge.findLocal(block.hash)) {
      if (place.path === except) continue;
      const bytes = await readAt(block, place);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  return {
    mayHave: (hash) => knowledge.findLocal(hash).length > 0 || cache.has(hash),
    find: async (block, except) => (await cache.get(block)) ?? inFiles(block, except),
  };
}

/** I1, as far as a client can tell. */
export async function isBlock({ hash, size }: BlockRef, bytes: Uint8Array, hashBlock: TransferOptions["hashBlock"]): Promise<boolean> {
  return bytes.length === size && (await hashBlock(bytes)) === hash;
}
