/**
 * What a new version's manifest has that an earlier one has not: a large file's manifest is kilobytes, and an edit of it one
 * entry or two. Splices are in the order of the old manifest and do not overlap; they count entries, one for each block.
 */
import * as z from "zod/mini";
import { fromBase64Url, toBase64Url } from "./encoding.ts";
import { manifestSplicesMax } from "./limits.ts";
import { type BlockRef, decodeManifest, encodeManifest, entryBytes } from "./manifest.ts";

export const manifestPatchSchema = z.strictObject({
  /** The version of the same node whose manifest this changes. */
  base: z.int().check(z.minimum(1)),
  splices: z
    .array(
      z.strictObject({
        /** The first entry that goes, and how many go. */
        at: z.int().check(z.nonnegative()),
        remove: z.int().check(z.nonnegative()),
        /** What comes in their place: a manifest itself. */
        insert: z.string(),
      }),
    )
    .check(z.maxLength(manifestSplicesMax)),
});
export type ManifestPatch = z.infer<typeof manifestPatchSchema>;

/**
 * The new manifest. Throws a RangeError if the splices overlap, are out of order or lie outside of the old manifest, or if what
 * they insert is not a manifest.
 */
export function patchManifest(old: string, { splices }: ManifestPatch): string {
  const entries = fromBase64Url(old);
  if (entries.length % entryBytes !== 0) throw new RangeError("a manifest is 35 bytes for each block");
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const splice of splices) {
    const [from, to] = [splice.at * entryBytes, (splice.at + splice.remove) * entryBytes];
    if (from < at || to > entries.length) throw new RangeError("the patch does not fit the manifest");
    pieces.push(entries.subarray(at, from), insertedEntries(splice.insert));
    at = to;
  }
  pieces.push(entries.subarray(at));
  return toBase64Url(joinBytes(pieces));
}

function insertedEntries(insert: string): Uint8Array {
  // For what it throws: entries of the old manifest are good, these may be anything.
  decodeManifest(insert);
  return fromBase64Url(insert);
}

function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** What makes `now` of the manifest of version `base`; undefined if that would hardly be shorter than `now` itself. */
export function diffManifests(base: number, old: string, now: string): ManifestPatch | undefined {
  // At least what is longer has to be inserted. Walking a manifest of megabytes takes a second.
  if (now.length - old.length >= now.length / 2) return undefined;
  const splices = spliceBlocks(decodeManifest(old), decodeManifest(now));
  const inserted = splices.reduce((total, { insert }) => total + insert.length, 0);
  const cost = inserted + splices.length * spliceChars;
  return splices.length <= manifestSplicesMax && cost < now.length / 2 ? { base, splices } : undefined;
}

/** About what one splice costs as JSON. */
const spliceChars = 40;

/**
 * Walks both lists and meets again at the nearest block that the rest of the old one has too. Not the shortest patch there
 * is, but every entry is looked at once or twice.
 */
function spliceBlocks(old: readonly BlockRef[], now: readonly BlockRef[]): ManifestPatch["splices"] {
  const places = new Map<string, number[]>();
  old.forEach(({ hash }, index) => places.set(hash, [...(places.get(hash) ?? []), index]));
  const splices: ManifestPatch["splices"] = [];
  let from = 0;
  let at = 0;
  while (from < old.length || at < now.length) {
    if (from < old.length && at < now.length && old[from]?.hash === now[at]?.hash) {
      from++;
      at++;
      continue;
    }
    const meeting = nextMeeting(places, now, { from, at }) ?? { from: old.length, at: now.length };
    splices.push({ at: from, remove: meeting.from - from, insert: encodeManifest(now.slice(at, meeting.at)) });
    ({ from, at } = meeting);
  }
  return splices;
}

type Meeting = { readonly from: number; readonly at: number };

function nextMeeting(places: ReadonlyMap<string, readonly number[]>, now: readonly BlockRef[], after: Meeting): Meeting | undefined {
  for (let at = after.at; at < now.length; at++) {
    const from = places.get(now[at]?.hash ?? "")?.find((place) => place >= after.from);
    if (from !== undefined) return { from, at };
  }
  return undefined;
}
