import { toHex } from "@ashlar/shared/encoding";
import { type BlockHash, blockHashSchema, newId, type UserId } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import { randomBytes, sha256 } from "./ports.ts";

export const newUser = (): UserId => newId<UserId>(randomBytes);

export type TestBlock = BlockRef & { readonly bytes: Uint8Array };

/** Random bytes under their hash. */
export function newBlock(size = 100): TestBlock {
  const bytes = randomBytes(size);
  return { hash: hashOf(bytes), size, bytes };
}

export function hashOf(bytes: Uint8Array): BlockHash {
  return blockHashSchema.parse(toHex(sha256(bytes)));
}
