import type { NodeId, UserId } from "@ashlar/shared/ids";
import type { VersionContent } from "@ashlar/shared/protocol/change";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { BucketReader, Database } from "../ports.ts";
import { fetchManifest, type StoredManifest } from "./manifest-store.ts";

const versionSql = `
  SELECT manifest, manifest_key AS manifestKey, size, mtime_ms AS mtimeMs FROM versions
  WHERE user_id = ?1 AND node_id = ?2 AND version = ?3`;

/** One version of a file with its whole manifest, however long. Throws a ProblemError `not-found` if this user has none such. */
export async function readVersion(
  db: Database,
  bucket: BucketReader,
  { user, node, version }: { user: UserId; node: NodeId; version: number },
): Promise<VersionContent> {
  const row = await db.prepare(versionSql).bind(user, node, version).first<StoredManifest & { size: number; mtimeMs: number }>();
  if (row === null) throw new ProblemError("not-found", `There is no version ${version} of the file ${node}.`);
  return { node, version, manifest: await fetchManifest(bucket, row), size: row.size, mtimeMs: row.mtimeMs };
}
