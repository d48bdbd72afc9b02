/**
 * A meta shard: everything the server knows about its users' files, except the bytes (DESIGN section 3).
 *
 * Every table leads with the user and is keyed by what looks it up, without a rowid: one row written for one fact. Hashes are
 * text, since D1 hands binary values over as arrays of numbers. Times are ms since 1970, sizes bytes.
 */
import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/** One user's tree. `seq` is the last change's number; `generation` moves when a crashed commit is undone, so that its late write fails. */
export const namespaces = sqliteTable("namespaces", {
  user: text("user_id").primaryKey(),
  epoch: text("epoch").notNull(),
  seq: integer("seq").notNull(),
  generation: integer("generation").notNull(),
  bytesUsed: integer("bytes_used").notNull(),
  quotaBytes: integer("quota_bytes").notNull(),
  /** Of all versions that are kept, the current ones among them. */
  versionBytes: integer("version_bytes").notNull().default(0),
  /** Of the different blocks that these are made of. */
  storedBytes: integer("stored_bytes").notNull().default(0),
  /** Live ones: links count as files, and the root not at all. */
  files: integer("files").notNull().default(0),
  folders: integer("folders").notNull().default(0),
  createdAt: integer("created_at").notNull(),
});

/** Files, folders and links, live or deleted. Only the root has no parent. A digest is of the content, or of a folder's children (I8). */
export const nodes = sqliteTable(
  "nodes",
  {
    user: text("user_id").notNull(),
    node: text("node_id").notNull(),
    parent: text("parent_id"),
    name: text("name").notNull(),
    spelling: text("spelling"),
    kind: text("kind", { enum: ["file", "folder", "symlink"] }).notNull(),
    rev: integer("rev").notNull(),
    version: integer("version").notNull(),
    size: integer("size").notNull(),
    mtimeMs: integer("mtime_ms").notNull(),
    mode: integer("mode").notNull(),
    digest: text("digest").notNull(),
    deletedAt: integer("deleted_at"),
  },
  (table) => [
    primaryKey({ columns: [table.user, table.node] }),
    /** Earns its writes: names stay unique whatever the code does, and it is the way to a folder's children. */
    uniqueIndex("nodes_live_name")
      .on(table.user, table.parent, table.name)
      .where(sql`deleted_at is null`),
    /** Only of folders, which are few: how deep a tree is, without its files. */
    index("nodes_live_folder")
      .on(table.user, table.parent)
      .where(sql`deleted_at is null and kind = 'folder'`),
    /** Earns its one write for each deletion: what was deleted is found by its path, and with what was in it, without walking a tree. */
    index("nodes_deleted_name")
      .on(table.user, table.parent, table.name)
      .where(sql`deleted_at is not null`),
  ],
);

/** The content of a file over time. A manifest is in the row or, when long, in the bucket under `manifest_key`. */
export const versions = sqliteTable(
  "versions",
  {
    user: text("user_id").notNull(),
    node: text("node_id").notNull(),
    version: integer("version").notNull(),
    manifest: text("manifest"),
    manifestKey: text("manifest_key"),
    size: integer("size").notNull(),
    mtimeMs: integer("mtime_ms").notNull(),
    mode: integer("mode").notNull(),
    device: text("device_id").notNull(),
    createdAt: integer("created_at").notNull(),
    /** When a newer version took over; null for the newest. */
    supersededAt: integer("superseded_at"),
  },
  (table) => [
    primaryKey({ columns: [table.user, table.node, table.version] }),
    check("versions_manifest_once", sql`(manifest is null) <> (manifest_key is null)`),
  ],
);

/**
 * The journal: each row is the node as it was right after the change, and what the change took away. A node's state at any
 * moment is thus what its first change after that moment found (null: nothing), or its present one if there is none. The key
 * is what fences a second writer (I3).
 */
export const changes = sqliteTable(
  "changes",
  {
    user: text("user_id").notNull(),
    seq: integer("seq").notNull(),
    op: text("op_id").notNull(),
    type: text("type", { enum: ["create", "update", "move", "delete", "restore"] }).notNull(),
    device: text("device_id").notNull(),
    at: integer("at").notNull(),
    node: text("node_id").notNull(),
    parent: text("parent_id").notNull(),
    name: text("name").notNull(),
    spelling: text("spelling"),
    path: text("path").notNull(),
    kind: text("kind", { enum: ["file", "folder", "symlink"] }).notNull(),
    rev: integer("rev").notNull(),
    version: integer("version").notNull(),
    size: integer("size").notNull(),
    mtimeMs: integer("mtime_ms").notNull(),
    mode: integer("mode").notNull(),
    /** Deltas that make new blocks of it, as JSON; null if there are none. */
    deltas: text("deltas"),
    beforeParent: text("before_parent"),
    beforeName: text("before_name"),
    beforeSpelling: text("before_spelling"),
    beforeVersion: integer("before_version"),
    beforeMode: integer("before_mode"),
    /** When it had been deleted, for a restore. */
    beforeDeleted: integer("before_deleted"),
  },
  (table) => [
    primaryKey({ columns: [table.user, table.seq] }),
    /** Earns its writes: a re-sent operation is found by it, and cannot be written twice (I4). */
    uniqueIndex("changes_op").on(table.user, table.op),
  ],
);

/** The blocks this user's versions are made of. `refs` counts versions, each once however often it repeats the block (I8). */
export const userBlocks = sqliteTable(
  "user_blocks",
  {
    user: text("user_id").notNull(),
    hash: text("hash").notNull(),
    size: integer("size").notNull(),
    refs: integer("refs").notNull(),
    /** Where a small block is; null for one that is an object of its own. */
    pack: text("pack_id"),
    packOffset: integer("pack_offset"),
  },
  (table) => [
    primaryKey({ columns: [table.user, table.hash] }),
    check("user_blocks_refs", sql`refs >= 0`),
    check("user_blocks_pack", sql`(pack_id is null) = (pack_offset is null)`),
  ],
);

/** Objects with many small blocks. `live_bytes` counts the blocks in it that versions use; `delete_after` is null while there are any. */
export const packs = sqliteTable(
  "packs",
  {
    user: text("user_id").notNull(),
    pack: text("pack_id").notNull(),
    size: integer("size").notNull(),
    liveBytes: integer("live_bytes").notNull(),
    createdAt: integer("created_at").notNull(),
    deleteAfter: integer("delete_after"),
    /** When it was found damaged, and what was whole in it moved out: the live blocks that it still has count as absent. Else null. */
    lostAt: integer("lost_at"),
  },
  (table) => [
    primaryKey({ columns: [table.user, table.pack] }),
    check("packs_live_bytes", sql`live_bytes between 0 and size`),
    check("packs_delete_after", sql`(delete_after is null) = (live_bytes > 0)`),
  ],
);

/** What each device's commits of a day brought: one row written for a commit. Days are whole ones since 1970, UTC. */
export const usageDays = sqliteTable(
  "usage_days",
  {
    user: text("user_id").notNull(),
    day: integer("day").notNull(),
    device: text("device_id").notNull(),
    /** Those that changed something. */
    commits: integer("commits").notNull(),
    /** Of the new versions, as if each were sent and stored whole. */
    fileBytes: integer("file_bytes").notNull(),
    /** Of the blocks in them that no version had before. */
    blockBytes: integer("block_bytes").notNull(),
    /** Of content that travelled for them. */
    sentBytes: integer("sent_bytes").notNull(),
  },
  (table) => [primaryKey({ columns: [table.user, table.day, table.device] })],
);

/**
 * Deltas kept for the user's other devices, each an object `d/<user>/<target>/<base>`. Found by their target; too old ones by a
 * walk of the table, since an index by time would cost a row for each.
 */
export const deltas = sqliteTable(
  "deltas",
  {
    user: text("user_id").notNull(),
    target: text("target").notNull(),
    /** The first of the blocks it copies from. */
    base: text("base").notNull(),
    /** All of them, as a JSON array in the frame's order. */
    bases: text("bases").notNull(),
    /** Of the frame, in bytes. */
    size: integer("size").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.user, table.target, table.base] })],
);
