/** Reading blocks back, whatever form they are stored in. */
import { toHex } from "@ashlar/shared/encoding";
import type { BlockHash } from "@ashlar/shared/ids";
import type { BucketReader, Sha256, Unzstd } from "../ports.ts";
import { blockKey } from "./store-block.ts";
import { formOf, plainBytes } from "./stored-form.ts";

export type BlockReadPorts = { readonly bucket: BucketReader; readonly unzstd: Unzstd };

export type PlainBlock =
  | { readonly state: "whole"; readonly bytes: Uint8Array }
  /** Nothing is there, or not what the name says. */
  | { readonly state: "missing" | "damaged" };

/** The block's plain bytes as stored, not compared with its name: for those who verify what they make of it. */
export async function readUnverifiedBlock({ bucket, unzstd }: BlockReadPorts, hash: BlockHash): Promise<PlainBlock> {
  const object = await bucket.get(blockKey(hash));
  if (object === null) return { state: "missing" };
  const stored = new Uint8Array(await object.arrayBuffer());
  try {
    return { state: "whole", bytes: plainBytes(unzstd, formOf(object), stored) };
  } catch (error) {
    if (error instanceof RangeError) return { state: "damaged" };
    throw error;
  }
}

/** The block's plain bytes, verified against its name. At most 8 MiB are in memory. */
export async function readPlainBlock(ports: BlockReadPorts & { readonly sha256: Sha256 }, hash: BlockHash): Promise<PlainBlock> {
  const block = await readUnverifiedBlock(ports, hash);
  return block.state === "whole" && toHex(ports.sha256(block.bytes)) !== hash ? { state: "damaged" } : block;
}
