/** Where the blocks are that a user's versions are made of. */
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import type { Database } from "../ports.ts";
import type { UrlSigner } from "./signed-url.ts";

type Row = { readonly hash: BlockHash; readonly size: number; readonly pack_id: PackId | null; readonly pack_offset: number | null };

/** Signed addresses, in no order. A block that no version of this user has is left out, whoever else has it (I2). */
export async function locateBlocks(
  { db, signer }: { db: Database; signer: UrlSigner },
  user: UserId,
  hashes: readonly BlockHash[],
  now: number,
): Promise<BlockLocation[]> {
  if (hashes.length === 0) return [];
  const { results } = await db
    .prepare(
      `SELECT hash, size, pack_id, pack_offset FROM user_blocks
       WHERE user_id = ?2 AND refs > 0 AND hash IN (SELECT value FROM json_each(?1))`,
    )
    .bind(JSON.stringify(hashes), user)
    .all<Row>();
  const urls = new Map<string, string>();
  const urlOf = (kind: "b" | "p", key: string): string => {
    const url = urls.get(key) ?? signer.sign({ user, kind, key, now });
    urls.set(key, url);
    return url;
  };
  return results.map(({ hash, size, pack_id, pack_offset }) =>
    pack_id === null || pack_offset === null
      ? { hash, size, url: urlOf("b", hash) }
      : { hash, size, url: urlOf("p", pack_id), offset: pack_offset },
  );
}
