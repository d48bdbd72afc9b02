/**
 * How objects hold blocks. The object says it itself, in its metadata: two uploaders of one block may bring different forms, and
 * rows cannot tell which of them stands.
 */
import { blockBytesMax } from "@ashlar/shared/limits";
import type { BlockEncoding } from "@ashlar/shared/protocol/block";
import type { StoredObject, Unzstd } from "../ports.ts";
import { decodeZstd } from "./zstd-frame.ts";

/** How an object holds its block; `size` is of the plain bytes. */
export type StoredForm = { readonly encoding: BlockEncoding; readonly size: number };

/** The metadata that {@link formOf} reads back. */
export function metadataOf({ encoding, size }: StoredForm): Record<string, string> {
  return encoding === "identity" ? {} : { encoding, size: String(size) };
}

export function formOf({ size, customMetadata = {} }: StoredObject): StoredForm {
  return customMetadata["encoding"] === "zstd"
    ? { encoding: "zstd", size: Number(customMetadata["size"]) }
    : { encoding: "identity", size };
}

/** The plain bytes of what is stored in that form. Throws a RangeError if they are not as many as it says. */
export function plainBytes(unzstd: Unzstd, { encoding, size }: StoredForm, stored: Uint8Array): Uint8Array {
  const plain = encoding === "zstd" ? decodeZstd(unzstd, stored, blockBytesMax) : stored;
  if (plain.length !== size) throw new RangeError(`the block has ${plain.length} bytes and should have ${size}`);
  return plain;
}
