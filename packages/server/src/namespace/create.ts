import { emptyDigest } from "@ashlar/shared/digest";
import { rootId, type Epoch, type UserId } from "@ashlar/shared/ids";
import type { Database } from "../ports.ts";

const rootMode = 0o755;

/**
 * An empty namespace with its root, if the user has none yet. Safe to repeat: an existing namespace keeps its epoch and quota.
 * `epoch` must be fresh, `now` is ms since 1970, the quota counts the bytes of all live files.
 */
export async function ensureNamespace(
  db: Database,
  { user, epoch, now, quotaBytes }: { user: UserId; epoch: Epoch; now: number; quotaBytes: number },
): Promise<void> {
  await db.batch([
    db
      .prepare(
        `INSERT INTO namespaces (user_id, epoch, seq, generation, bytes_used, quota_bytes, created_at)
         VALUES (?1, ?2, 0, 0, 0, ?3, ?4) ON CONFLICT DO NOTHING`,
      )
      .bind(user, epoch, quotaBytes, now),
    db
      .prepare(
        `INSERT INTO nodes (user_id, node_id, parent_id, name, kind, rev, version, size, mtime_ms, mode, digest)
         VALUES (?1, ?2, NULL, '', 'folder', 1, 0, 0, ?3, ?4, ?5) ON CONFLICT DO NOTHING`,
      )
      .bind(user, rootId, now, rootMode, emptyDigest),
  ]);
}
