/**
 * A block index shard: blocks above the pack limit and who holds them. `WITHOUT ROWID`, `STRICT` and the
 * triggers are added by hand to the generated SQL. The triggers alone write `ref_count` and `delete_after` (I8).
 */
import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const blocks = sqliteTable(
  "blocks",
  {
    hash: text("hash").primaryKey(),
    size: integer("size").notNull(),
    storedSize: integer("stored_size").notNull(),
    /** How the object holds the bytes, as one of its writers had it. Only the object's own metadata is certain. */
    encoding: text("encoding").notNull(),
    /** `damaged`: the object is missing or does not hash to its name. Holders and counts stay, and the bytes are asked for anew. */
    state: text("state", { enum: ["pending", "stored", "deleting", "damaged"] }).notNull(),
    /** Number of holders without an expiry. */
    refCount: integer("ref_count").notNull().default(0),
    createdAt: integer("created_at").notNull(),
    /** Null while `ref_count` is above 0, else the latest lease's expiry, 0 without any. */
    deleteAfter: integer("delete_after").default(0),
    /** Not collected before, whoever has it: set when the block is named by check and before its bytes are stored. */
    protectedUntil: integer("protected_until").notNull(),
  },
  (table) => [
    check("ref_count_not_negative", sql`${table.refCount} >= 0`),
    /** Of the few rows that the collector has to find again: two writes in the life of a block that ends, none for all others. */
    index("blocks_unsettled")
      .on(table.state, table.hash)
      .where(sql`state in ('deleting', 'damaged')`),
  ],
);

export const holders = sqliteTable(
  "holders",
  {
    hash: text("hash")
      .notNull()
      .references(() => blocks.hash),
    userId: text("user_id").notNull(),
    /** Null: held by the user's namespace. Else a lease. */
    expiresAt: integer("expires_at"),
    /** The generation of the user's namespace that held or released it last: older calls that arrive late do nothing. */
    fence: integer("fence").notNull().default(0),
    /** What this user sent for it the last time, as it came: compressed, as a delta, or 0 for a proof. */
    sentBytes: integer("sent_bytes").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.hash, table.userId] })],
);
