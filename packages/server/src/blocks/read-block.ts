/** Reading blocks above the pack limit back. */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import type { BucketReader, Sha256 } from "../ports.ts";
import { blockKey } from "./store-block.ts";

export type PlainBlock =
  | { readonly state: "whole"; readonly bytes: Uint8Array }
  /** Nothing is there, or not what the name says. */
  | { readonly state: "missing" | "damaged" };

/** The block's plain bytes, verified against its name. */
export async function readPlainBlock(
  { bucket, sha256 }: { readonly bucket: BucketReader; readonly sha256: Sha256 },
  hash: BlockHash,
): Promise<PlainBlock> {
  const object = await bucket.get(blockKey(hash));
  if (object === null) return { state: "missing" };
  const bytes = new Uint8Array(await object.arrayBuffer());
  return toHex(sha256(bytes)) === hash ? { state: "whole", bytes } : { state: "damaged" };
}
