import type { PlacedBlock } from "@ashlar/server/namespace/block-plan";
import { trimManifests } from "@ashlar/server/namespace/change-page";
import type { PushInline } from "@ashlar/server/namespace/types";
import type { UrlSigner } from "@ashlar/server/blocks/signed-url";
import type { UserId } from "@ashlar/shared/ids";
import { changesPageMax, locateHashesMax } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import type { Change, ServerMessage } from "@ashlar/shared/protocol/change";

export type Committed = {
  readonly user: UserId;
  readonly head: number;
  readonly changes: readonly Change[];
  readonly inline: readonly PushInline[];
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

function content(page: readonly Change[], { user, inline, blocks }: Committed, signer: UrlSigner, now: number) {
  const named = new Set<string>(page.flatMap(({ manifest }) => decodeManifest(manifest ?? "").map(({ hash }) => hash)));
  const inlined = inline.filter(({ hash }) => named.has(hash));
  const sent = new Set(inlined.map(({ hash }) => hash));
  const remote = blocks.filter(({ hash }) => named.has(hash) && !sent.has(hash)).slice(0, locateHashesMax);
  return { inline: inlined.map((block) => ({ ...block })), locations: remote.map((block) => locationOf(block, user, signer, now)) };
}

function locationOf({ hash, size, pack, offset }: PlacedBlock, user: UserId, signer: UrlSigner, now: number): BlockLocation {
  if (pack === null || offset === null) return { hash, size, url: signer.sign({ user, kind: "b", key: hash, now }) };
  return { hash, size, url: signer.sign({ user, kind: "p", key: pack, now }), offset };
}
