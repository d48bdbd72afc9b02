/** Long manifests: D1 takes no row above 2 MB, so they are objects in the bucket, named by what they say and the moment of the namespace. */
import { toHex } from "@ashlar/shared/encoding";
import type { UserId } from "@ashlar/shared/ids";
import { manifestRowCharsMax } from "@ashlar/shared/limits";
import type { BucketReader, BucketWriter, Sha256 } from "../ports.ts";

export type StoredManifest =
  | { readonly manifest: string; readonly manifestKey: null }
  | { readonly manifest: null; readonly manifestKey: string };

/**
 * Where the manifest is to be found. The object is there before any row says so; written twice, it is the same. `seq` and
 * `generation` are the namespace's before the commit: no other commit writes an object of that name, so the collector may delete
 * one without asking who is about to write it again.
 */
export async function storeManifest(
  { bucket, sha256 }: { bucket: BucketWriter; sha256: Sha256 },
  { user, seq, generation }: { user: UserId; seq: number; generation: number },
  manifest: string,
): Promise<StoredManifest> {
  if (manifest.length <= manifestRowCharsMax) return { manifest, manifestKey: null };
  const bytes = new TextEncoder().encode(manifest);
  const hash = toHex(sha256(bytes));
  const manifestKey = `m/${user}/${hash}-${seq}-${generation}`;
  await bucket.put(manifestKey, bytes, { sha256: hash });
  return { manifest: null, manifestKey };
}

/** In SQL: whether two keys name the same content. What goes before the namespace's moment is as long in all of them. */
export function sameManifestKey(one: string, other: string): string {
  const chars = "m/".length + 22 + "/".length + 64;
  return `substr(${one}, 1, ${chars}) = substr(${other}, 1, ${chars})`;
}

export async function fetchManifest(bucket: BucketReader, stored: StoredManifest): Promise<string> {
  if (stored.manifestKey === null) return stored.manifest;
  const body = await bucket.get(stored.manifestKey);
  if (body === null) throw new Error(`the manifest ${stored.manifestKey} is not in the bucket`);
  return new TextDecoder().decode(new Uint8Array(await body.arrayBuffer()));
}
