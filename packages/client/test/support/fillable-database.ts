import { DatabaseFullError, type LocalDatabase } from "../../src/database.ts";

/** A database whose disk has room for so many writes yet. */
export function fillable(database: LocalDatabase): { database: LocalDatabase; room: number } {
  const disk = { room: Infinity, database };
  const check = () => {
    if (disk.room-- <= 0) throw new DatabaseFullError("database or disk is full");
  };
  disk.database = {
    ...database,
    exec: (sql) => (check(), database.exec(sql)),
    prepare(sql) {
      const statement = database.prepare(sql);
      return { ...statement, run: (...values) => (check(), statement.run(...values)) };
    },
    transaction: (work) => (check(), database.transaction(work)),
  };
  return disk;
}
