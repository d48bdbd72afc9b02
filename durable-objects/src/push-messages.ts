import type { PlacedBlock } from "@ashlar/server/namespace/block-plan";
import { trimManifests } from "@ashlar/server/namespace/change-page";
import type { PushDelta, PushInline } from "@ashlar/server/namespace/types";
import type { KeptDelta } from "@ashlar/server/blocks/kept-deltas";
import { locateDeltas } from "@ashlar/server/blocks/locate";
import type { UrlSigner } from "@ashlar/server/blocks/signed-url";
import type { UserId } from "@ashlar/shared/ids";
import { changesPageMax, locateHashesMax } from "@ashlar/shared/limits";
import { type BlockRef, decodeManifest } from "@ashlar/shared/manifest";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import type { Change, ServerMessage } from "@ashlar/shared/protocol/change";

export type Committed = {
  readonly user: UserId;
  readonly head: number;
  readonly changes: readonly Change[];
  readonly inline: readonly PushInline[];
  readonly deltas: readonly PushDelta[];
  /** Where the blocks of the new versions are. */
  readonly blocks: readonly PlacedBlock[];
};

/**
 * What the sockets are told of a commit, in pages as of the journal. `sender` is for the device that made it: it has the content.
 * A device that needs more locations than a message has asks for them.
 */
export function pushMessages(committed: Committed, signer: UrlSigner, now: number): { others: ServerMessage[]; sender: ServerMessage[] } {
  const { changes, head } = committed;
  const others: ServerMessage[] = [];
  const sender: ServerMessage[] = [];
  for (let at = 0; at < changes.length; at += changesPageMax) {
    const page = trimManifests(changes.slice(at, at + changesPageMax));
    others.push({ type: "changes", head, changes: page, ...content(page, committed, signer, now) });
    sender.push({ type: "changes", head, changes: page, inline: [], locations: [] });
  }
  return { others, sender };
}

function content(page: readonly Change[], { user, inline, deltas, blocks }: Committed, signer: UrlSigner, now: number) {
  const named = new Set<string>(page.flatMap((change) => newBlocks(change).map(({ hash }) => hash)));
  const inlined = inline.filter(({ hash }) => named.has(hash));
  const frames = deltas.filter(({ target }) => named.has(target));
  const sent = new Set(inlined.map(({ hash }) => hash));
  const framed = new Set(frames.map(({ target }) => target));
  // A device that has the frame but not its bases fetches the block: it has no use for another delta's address.
  const kept = Map.groupBy(
    page.flatMap((change) => change.deltas).filter(({ target }) => !framed.has(target)),
    ({ target }) => target,
  );
  const remote = blocks.filter(({ hash }) => named.has(hash) && !sent.has(hash)).slice(0, locateHashesMax);
  return {
    inline: inlined.map((block) => ({ ...block })),
    ...(frames.length > 0 && { deltas: frames.map((frame) => ({ ...frame })) }),
    locations: remote.map((block) => locationOf(block, kept.get(block.hash), { user, signer, now })),
  };
}

/** Blocks that a device which follows may lack: a patch names those alone. */
function newBlocks({ manifest, patch }: Change): readonly BlockRef[] {
  return patch === undefined ? decodeManifest(manifest ?? "") : patch.splices.flatMap(({ insert }) => decodeManifest(insert));
}

type Signing = { readonly user: UserId; readonly signer: UrlSigner; readonly now: number };

function locationOf({ hash, size, pack, offset }: PlacedBlock, deltas: readonly KeptDelta[] | undefined, signing: Signing): BlockLocation {
  const { user, signer, now } = signing;
  if (pack !== null && offset !== null) return { hash, size, url: signer.sign({ user, kind: "p", key: pack, now }), offset };
  return { hash, size, url: signer.sign({ user, kind: "b", key: hash, now }), ...locateDeltas(deltas, signing) };
}
