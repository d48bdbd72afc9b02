import type { LocalDatabase } from "../database.ts";

/** Another shape of the tables gets another number: the old tables are dropped, and observed anew in merge mode. */
export const schemaVersion = 2;

const sharedColumns = `
  id TEXT PRIMARY KEY, parent TEXT NOT NULL, name TEXT NOT NULL, fold TEXT NOT NULL, spelling TEXT, kind TEXT NOT NULL,
  mode INTEGER NOT NULL, rev INTEGER NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ms INTEGER NOT NULL, manifest TEXT,
  generation INTEGER NOT NULL`;

/** Names are not unique in the tables: a swap passes through two equal ones, and the planner has to see a clash to solve it. */
const tables = {
  meta: "key TEXT PRIMARY KEY, value TEXT NOT NULL",
  remote: sharedColumns,
  synced: sharedColumns,
  local: `
    id TEXT PRIMARY KEY, parent TEXT NOT NULL, name TEXT NOT NULL, fold TEXT NOT NULL, spelling TEXT, kind TEXT NOT NULL,
    mode INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns TEXT NOT NULL, ctime_ns TEXT NOT NULL, inode TEXT NOT NULL,
    seen_at INTEGER NOT NULL, manifest TEXT`,
  dirty: "seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, since INTEGER NOT NULL",
  server_blocks: "hash TEXT PRIMARY KEY",
  places: "hash TEXT NOT NULL, node TEXT NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (hash, node, offset)",
  waiting: `
    key TEXT PRIMARY KEY, node TEXT, path TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    since INTEGER NOT NULL, next_try INTEGER, attempts INTEGER NOT NULL`,
  conflicts: "copy TEXT PRIMARY KEY, path TEXT NOT NULL, at INTEGER NOT NULL",
  intents: "op_id TEXT PRIMARY KEY, position INTEGER NOT NULL UNIQUE, node TEXT NOT NULL, op TEXT NOT NULL",
} as const;

const withRowid: ReadonlySet<string> = new Set(["dirty", "remote", "synced", "local"]);

const indexes = [
  "CREATE INDEX IF NOT EXISTS remote_place ON remote(parent, fold)",
  "CREATE INDEX IF NOT EXISTS local_place ON local(parent, fold)",
  "CREATE INDEX IF NOT EXISTS synced_place ON synced(parent, fold)",
  "CREATE INDEX IF NOT EXISTS local_folders ON local(parent) WHERE kind = 'folder'",
  "CREATE INDEX IF NOT EXISTS local_inode ON local(inode)",
  "CREATE INDEX IF NOT EXISTS places_node ON places(node)",
];

export function prepareSchema(database: LocalDatabase): void {
  database.transaction(() => {
    const found = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (found !== schemaVersion) {
      for (const name of Object.keys(tables)) database.exec(`DROP TABLE IF EXISTS ${name}`);
    }
    for (const [name, columns] of Object.entries(tables)) {
      database.exec(`CREATE TABLE IF NOT EXISTS ${name} (${columns}) ${withRowid.has(name) ? "" : "WITHOUT ROWID"}`);
    }
    for (const index of indexes) database.exec(index);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
  });
}
