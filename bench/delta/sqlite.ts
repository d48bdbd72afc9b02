/** A database before and after some writes, by the SQLite that Node brings. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

function after(folder: string, ...steps: readonly string[]): Uint8Array[] {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `sqlite-${process.pid}`);
  rmSync(file, { force: true });
  try {
    return steps.map((step) => {
      const database = new DatabaseSync(file);
      database.exec(step);
      database.close();
      return readFileSync(file);
    });
  } finally {
    rmSync(file, { force: true });
  }
}

const fill = `PRAGMA page_size = 4096; CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, name TEXT, note TEXT, ts INTEGER);
  CREATE INDEX tk ON t(k); CREATE INDEX tn ON t(name);
  WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 32000)
  INSERT INTO t SELECT i, (i * 2654435761) % 1000003, 'name' || ((i * 40503) % 65537),
    'note about item ' || i || ' lorem ipsum ' || ((i * 7919) % 10007), 1700000000 + i FROM c;`;
const change = `UPDATE t SET note = 'edited ' || id || ' at later time', ts = ts + 100000 WHERE (id * 7907) % 32003 < 200;
  INSERT INTO t(k, name, note, ts) SELECT (id * 17) % 1000003, 'new' || id, 'inserted row', 1800000000 + id FROM t LIMIT 50;
  DELETE FROM t WHERE id % 1601 = 7;`;
const vacuum = "DELETE FROM t WHERE id % 97 = 3; VACUUM;";

const pairOf = ([old, next]: readonly Uint8Array[]): [Uint8Array, Uint8Array] => [old ?? new Uint8Array(), next ?? new Uint8Array()];

/** 200 rows updated, 50 inserted, 20 deleted in 3 MB with two indexes. */
export const sqlitePair = (folder: string): [Uint8Array, Uint8Array] => pairOf(after(folder, fill, change));
/** A hundredth of the rows deleted, and every page written anew. */
export const vacuumedPair = (folder: string): [Uint8Array, Uint8Array] => pairOf(after(folder, fill, vacuum));
