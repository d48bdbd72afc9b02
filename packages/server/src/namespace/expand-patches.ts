/** Updates that came with a patch, as updates with a manifest: from here on nothing else knows the difference. */
import type { NodeId, UserId } from "@ashlar/shared/ids";
import { commitHeadBytesMax } from "@ashlar/shared/limits";
import { type ManifestPatch, patchManifest } from "@ashlar/shared/manifest-patch";
import type { Op, PatchedUpdateOp, WireOp } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { BucketReader, Database } from "../ports.ts";
import type { OpPatch } from "./types.ts";

type Row = { readonly node: NodeId; readonly version: number; readonly manifest: string | null; readonly manifestKey: string | null };

/** The manifests in the order asked, as long as they fit into ?3 characters: a thousand of them could be a gigabyte. */
const basesSql = `
  WITH sized AS (
    SELECT j.key, j.value->>0 AS node, j.value->>1 AS version, coalesce(length(v.manifest), 0) AS chars
    FROM json_each(?1) j CROSS JOIN versions v ON v.user_id = ?2 AND v.node_id = j.value->>0 AND v.version = j.value->>1
  ), placed AS (SELECT node, version, sum(chars) OVER (ORDER BY key) AS total FROM sized)
  SELECT p.node, p.version, CASE WHEN p.total <= ?3 THEN v.manifest END AS manifest, v.manifest_key AS manifestKey
  FROM placed p CROSS JOIN versions v ON v.user_id = ?2 AND v.node_id = p.node AND v.version = p.version`;

/**
 * All operations with their manifests. A patch is small, and what it makes is not: every patched operation counts with the longer
 * of its manifests, old and new, towards `charsMax`.
 *
 * Throws a ProblemError `stale-patch` if a version is not there, `bad-manifest` if a patch does not fit it, `too-large`.
 */
export async function expandPatches(
  { db, bucket }: { db: Database; bucket: BucketReader },
  { user, ops, charsMax }: { user: UserId; ops: readonly WireOp[]; charsMax: number },
): Promise<{ ops: Op[]; patches: OpPatch[] }> {
  const patched = ops.filter(isPatched);
  const bases = patched.length === 0 ? new Map<string, string>() : await readBases({ db, bucket }, user, patched, charsMax);
  const baseOf = ({ node, patch }: PatchedUpdateOp): string => {
    const base = bases.get(nameOf(node, patch.base));
    if (base === undefined) throw new ProblemError("stale-patch", `There is no version ${patch.base} of the file ${node}.`);
    return base;
  };
  // Before any is patched: a patch that does nothing costs as much as its manifest.
  let chars = patched.reduce((total, op) => total + baseOf(op).length, 0);
  if (chars > charsMax) throw tooLarge();
  const expanded = ops.map((op): Op => {
    if (!isPatched(op)) return op;
    const { patch, ...update } = op;
    const base = baseOf(op);
    const manifest = apply(base, patch, op.node);
    chars += Math.max(0, manifest.length - base.length);
    if (chars > charsMax) throw tooLarge();
    return { ...update, manifest };
  });
  return { ops: expanded, patches: patched.map(({ opId, patch }) => ({ opId, patch })) };
}

function isPatched(op: WireOp): op is PatchedUpdateOp {
  return "patch" in op;
}

const nameOf = (node: NodeId, version: number): string => `${node}/${version}`;

function tooLarge(): ProblemError {
  return new ProblemError("too-large", `A commit's head and what its patches make may have ${commitHeadBytesMax} bytes.`);
}

async function readBases(
  { db, bucket }: { db: Database; bucket: BucketReader },
  user: UserId,
  ops: readonly PatchedUpdateOp[],
  charsMax: number,
): Promise<Map<string, string>> {
  const wanted = new Map(ops.map(({ node, patch }) => [nameOf(node, patch.base), [node, patch.base]]));
  const { results } = await db
    .prepare(basesSql)
    .bind(JSON.stringify([...wanted.values()]), user, charsMax)
    .all<Row>();
  const bases = new Map<string, string>();
  let chars = 0;
  for (const { node, version, manifest, manifestKey } of results) {
    const text = manifest ?? (await longManifest(bucket, manifestKey, charsMax - chars));
    chars += text.length;
    bases.set(nameOf(node, version), text);
  }
  return bases;
}

/** Without a key it is one that was not read, since those before it fill the commit. */
async function longManifest(bucket: BucketReader, key: string | null, charsMax: number): Promise<string> {
  const object = key === null ? null : await bucket.get(key);
  if (key !== null && object === null) throw new Error(`the manifest ${key} is not in the bucket`);
  if (object === null || object.size > charsMax) throw tooLarge();
  return new TextDecoder().decode(new Uint8Array(await object.arrayBuffer()));
}

function apply(old: string, patch: ManifestPatch, node: NodeId): string {
  try {
    return patchManifest(old, patch);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ProblemError("bad-manifest", `The patch of node ${node}: ${cause.message}.`, { cause });
  }
}
