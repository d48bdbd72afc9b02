/** What of a commit's content goes along with its push, so that a small edit needs no further request. */
import type { SmallBlock } from "@ashlar/server/blocks/packs";
import type { PushDelta, PushInline } from "@ashlar/server/namespace/types";
import { toBase64Url } from "@ashlar/shared/encoding";
import { packBlockBytesMax, pushInlineBytesMax } from "@ashlar/shared/limits";
import type { Received } from "../delta/rebuild.ts";

type Item = { readonly hash: SmallBlock["hash"]; readonly bytes: Uint8Array; readonly isFrame: boolean };

/** The smallest blocks and frames that fit; of a small block that came as a delta, whichever is smaller. */
export function choosePush(
  inline: readonly SmallBlock[],
  received: readonly Pick<Received, "block" | "bytes" | "frame">[],
): { pushInline: PushInline[]; pushDeltas: PushDelta[] } {
  const items: Item[] = [
    ...inline.map(({ hash, bytes }) => ({ hash, bytes, isFrame: false })),
    ...received.map(({ block: { hash, size }, bytes, frame }) =>
      size <= packBlockBytesMax && size <= frame.length ? { hash, bytes, isFrame: false } : { hash, bytes: frame, isFrame: true },
    ),
  ];
  const pushed = new Set<Item>();
  let bytesLeft = pushInlineBytesMax;
  for (const item of items.toSorted((a, b) => a.bytes.length - b.bytes.length)) {
    bytesLeft -= item.bytes.length;
    if (bytesLeft < 0) break;
    pushed.add(item);
  }
  const chosen = items.filter((item) => pushed.has(item));
  return {
    pushInline: chosen.filter(({ isFrame }) => !isFrame).map(({ hash, bytes }) => ({ hash, data: toBase64Url(bytes) })),
    pushDeltas: chosen.filter(({ isFrame }) => isFrame).map(({ hash, bytes }) => ({ target: hash, data: toBase64Url(bytes) })),
  };
}
