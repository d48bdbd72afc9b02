/**
 * The directory database: accounts, their devices, and what the collector remembers. `WITHOUT ROWID` and `STRICT` are added by hand to the generated SQL,
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
    /** A browser's refresh token is in a cookie. */
    kind: text("kind", { enum: ["browser", "command"] })
      .notNull()
      .default("command"),
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

/** Sign-ins of a command that wait for a person in a browser, for minutes. */
export const deviceCodes = sqliteTable("device_codes", {
  /** What a person reads and types. */
  userCode: text("user_code").primaryKey(),
  /** SHA-256 of the command's secret. */
  deviceCodeHash: text("device_code_hash").notNull(),
  /** What the command's device is to be called. */
  name: text("name").notNull(),
  /** Keyed hash of the network address that asked; null if it is not known. */
  networkHash: text("network_hash"),
  createdAt: integer("created_at").notNull(),
  expiresAt: integer("expires_at").notNull(),
  /** When the command asked last. */
  polledAt: integer("polled_at"),
  answer: text("answer", { enum: ["approve", "deny"] }),
  /** Who answered, and on which device. */
  userId: text("user_id"),
  answeredBy: text("answered_by"),
});

/** Links for people without an account. A row that goes takes its link with it. */
export const shares = sqliteTable(
  "shares",
  {
    userId: text("user_id").notNull(),
    shareId: text("share_id").notNull(),
    /** SHA-256 of the link's token, by which visitors find it. */
    tokenHash: text("token_hash").notNull(),
    /** The user's, so that a visitor's request needs no account. */
    shard: integer("shard").notNull(),
    nodeId: text("node_id").notNull(),
    /** As of accounts; null: none is needed. */
    passwordHash: text("password_hash"),
    createdAt: integer("created_at").notNull(),
    expiresAt: integer("expires_at"),
    downloadsMax: integer("downloads_max"),
    downloads: integer("downloads").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.userId, table.shareId] }), uniqueIndex("shares_token").on(table.tokenHash)],
);

/** The collector's runs, and its lock: one that has not finished keeps others out for a while. Counts sum over the whole run. */
export const gcRuns = sqliteTable(
  "gc_runs",
  {
    startedAt: integer("started_at").notNull(),
    run: text("run_id").notNull(),
    /** `collect`, or `check` for one that only looks at what was stored last. */
    kind: text("kind").notNull(),
    /** Null while it runs, and for ever if it died. */
    finishedAt: integer("finished_at"),
    seen: integer("seen").notNull().default(0),
    deleted: integer("deleted").notNull().default(0),
    bytesFreed: integer("bytes_freed").notNull().default(0),
    errors: integer("errors").notNull().default(0),
    /** JSON: each part's plan and what came of it. */
    details: text("details").notNull().default("{}"),
  },
  (table) => [primaryKey({ columns: [table.startedAt, table.run] })],
);

/** How far the collector's walks have come, so that each run goes on where the last one ended. */
export const gcCursors = sqliteTable("gc_cursors", {
  walk: text("walk").primaryKey(),
  /** The last key seen; empty at the start of a round. */
  position: text("position").notNull(),
  /** When this round began, ms since 1970. */
  roundStartedAt: integer("round_started_at").notNull(),
});
