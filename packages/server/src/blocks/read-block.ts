/** A block above the pack limit as its plain bytes, whatever the bucket holds. */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import type { BucketReader, Sha256 } from "../ports.ts";
import { blockKey } from "./store-block.ts";

/** Undefined if there is no object, or none whose bytes hash to the name. */
export async function readPlainBlock(
  { bucket, sha256 }: { bucket: BucketReader; sha256: Sha256 },
  hash: BlockHash,
): Promise<Uint8Array | undefined> {
  const object = await bucket.get(blockKey(hash));
  if (object === null) return undefined;
  const bytes = new Uint8Array(await object.arrayBuffer());
  return toHex(sha256(bytes)) === hash ? bytes : undefined;
}
