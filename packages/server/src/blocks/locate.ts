/** Where the blocks are that a user's versions are made of. */
import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import { ReadBatch } from "../namespace/bulk.ts";
import type { Database } from "../ports.ts";
import { deltaName, type KeptDelta, keptDeltaOf, type KeptDeltaRow, keptDeltasSql, keptSince } from "./kept-deltas.ts";
import type { UrlSigner } from "./signed-url.ts";

const blocksSql = `
  SELECT hash, size, pack_id, pack_offset FROM user_blocks
  WHERE user_id = ?2 AND refs > 0 AND hash IN (SELECT value FROM json_each(?1))`;

type Row = { readonly hash: BlockHash; readonly size: number; readonly pack_id: PackId | null; readonly pack_offset: number | null };

/** Signed addresses, in no order. A block that no version of this user has is left out, whoever else has it (I2). */
export async function locateBlocks(
  { db, signer }: { db: Database; signer: UrlSigner },
  user: UserId,
  hashes: readonly BlockHash[],
  now: number,
): Promise<BlockLocation[]> {
  if (hashes.length === 0) return [];
  const json = JSON.stringify(hashes);
  const batch = new ReadBatch(db);
  const blocks = batch.add<Row>(db.prepare(blocksSql).bind(json, user));
  const kept = batch.add<KeptDeltaRow>(db.prepare(keptDeltasSql).bind(json, user, keptSince(now)));
  await batch.run();
  const deltas = Map.groupBy(kept().map(keptDeltaOf), ({ target }) => target);
  const urls = new Map<string, string>();
  const urlOf = (kind: "b" | "p", key: string): string => {
    const url = urls.get(key) ?? signer.sign({ user, kind, key, now });
    urls.set(key, url);
    return url;
  };
  return blocks().map(({ hash, size, pack_id, pack_offset }) =>
    pack_id === null || pack_offset === null
      ? { hash, size, url: urlOf("b", hash), ...locateDeltas(deltas.get(hash), { user, signer, now }) }
      : { hash, size, url: urlOf("p", pack_id), offset: pack_offset },
  );
}

/** Signed addresses of a block's deltas; nothing for none. */
export function locateDeltas(
  deltas: readonly KeptDelta[] = [],
  { user, signer, now }: { user: UserId; signer: UrlSigner; now: number },
): Pick<BlockLocation, "deltas"> {
  if (deltas.length === 0) return {};
  return {
    deltas: deltas.map((delta) => ({
      url: signer.sign({ user, kind: "d", key: deltaName(delta), now }),
      size: delta.size,
      bases: [...delta.bases],
    })),
  };
}
