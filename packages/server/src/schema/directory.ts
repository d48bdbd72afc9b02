/**
 * The directory database: accounts and their devices. `WITHOUT ROWID` and `STRICT` are added by hand to the generated SQL,
 * since drizzle-kit cannot write them.
 */
import { integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const accounts = sqliteTable(
  "accounts",
  {
    userId: text("user_id").primaryKey(),
    /** In lower case, so that unique means unique whatever the case. */
    email: text("email").notNull(),
    /** With its parameters, see accounts/password.ts. */
    passwordHash: text("password_hash").notNull(),
    /** Index of the meta database that holds all of the user's metadata. */
    shard: integer("shard").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [uniqueIndex("accounts_email").on(table.email)],
);

/** A device and its session: each signed-in device has exactly one refresh token that is good. */
export const devices = sqliteTable(
  "devices",
  {
    userId: text("user_id").notNull(),
    deviceId: text("device_id").notNull(),
    name: text("name").notNull(),
    createdAt: integer("created_at").notNull(),
    lastSeenAt: integer("last_seen_at").notNull(),
    revokedAt: integer("revoked_at"),
    /** SHA-256 of the part that all of the device's refresh tokens share: tells an old token from an invented one. */
    familyHash: text("family_hash").notNull(),
    /** SHA-256 of the refresh token that is good now, and of the one before. */
    currentHash: text("current_hash").notNull(),
    previousHash: text("previous_hash"),
    rotatedAt: integer("rotated_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.deviceId] })],
);
