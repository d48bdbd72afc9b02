import { toBase64Url } from "@ashlar/shared/encoding";
import type { NodeId, UserId } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { StoredManifest } from "../namespace/manifest-store.ts";
import type { Database, Sha256 } from "../ports.ts";

/** One version of a file: what it is called now, and where its manifest is. */
export type FoundContent = StoredManifest & {
  readonly node: NodeId;
  readonly version: number;
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
};

const contentSql = `
  SELECT n.node_id AS node, n.name, v.version, v.manifest, v.manifest_key AS manifestKey, v.size, v.mtime_ms AS mtimeMs
  FROM nodes n CROSS JOIN versions v ON v.user_id = n.user_id AND v.node_id = n.node_id AND v.version = coalesce(?3, n.version)
  WHERE n.user_id = ?1 AND n.node_id = ?2 AND n.kind = 'file'`;

/**
 * A version of a file, live or in the trash; the newest if none is named. Throws a ProblemError `not-found` if this user has no such
 * file, or no longer that version.
 */
export async function findContent(
  db: Database,
  { user, node, version }: { readonly user: UserId; readonly node: NodeId; readonly version?: number | undefined },
): Promise<FoundContent> {
  const row = await db
    .prepare(contentSql)
    .bind(user, node, version ?? null)
    .first<FoundContent>();
  if (row === null) throw new ProblemError("not-found", "There is no such file, or no longer this version of it.");
  return row;
}

/** Of the content alone: the same for every version and file that has it. */
export function contentTag(sha256: Sha256, manifest: string): string {
  return `"${toBase64Url(sha256(new TextEncoder().encode(manifest)))}"`;
}
