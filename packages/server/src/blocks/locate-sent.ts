/** Where blocks are that a user's device has sent and no version of his has yet. */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import type { ComingBlock } from "@ashlar/shared/protocol/change";
import type { UrlSigner } from "./signed-url.ts";
import type { BlockLookUp } from "./types.ts";

/** Signed addresses, in no order. What this user may not name in a commit is left out, whoever else has it (I2). */
export async function locateSent(
  { index, signer }: { index: Pick<BlockLookUp, "usable">; signer: UrlSigner },
  user: UserId,
  hashes: readonly BlockHash[],
  now: number,
): Promise<ComingBlock[]> {
  const blocks = await index.usable(user, hashes);
  return blocks.map(({ hash, size }) => ({ hash, size, url: signer.sign({ user, kind: "b", key: hash, now }) }));
}
