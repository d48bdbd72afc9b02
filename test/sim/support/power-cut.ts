import type { Durability, LocalDatabase } from "@ashlar/client/database";

export type CutDatabase = LocalDatabase & {
  /** Takes back what was written since the last write that was to be kept. */
  powerCut(): void;
};

/** A database that nothing else has opened, and that loses as much in a power cut as it may. */
export function withPowerCut(database: LocalDatabase): CutDatabase {
  let isInside = false;
  let outer: Durability = "kept";
  const keep = () => {
    if (!isInside) database.exec("RELEASE kept; SAVEPOINT kept");
  };
  database.exec("SAVEPOINT kept");
  return {
    exec(sql) {
      database.exec(sql);
      keep();
    },
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run(...values) {
          statement.run(...values);
          keep();
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        lists: (...values) => statement.lists(...values),
      };
    },
    transaction(work, durability = "kept") {
      if (isInside) {
        if (durability === "kept" && outer !== "kept") throw new Error("what is to be kept was written where it may be taken back");
        return work();
      }
      outer = durability;
      database.exec("SAVEPOINT own");
      isInside = true;
      try {
        const result = work();
        database.exec("RELEASE own");
        isInside = false;
        if (durability === "kept") keep();
        return result;
      } catch (error) {
        database.exec("ROLLBACK TO own; RELEASE own");
        throw error;
      } finally {
        isInside = false;
      }
    },
    close: () => database.close(),
    powerCut: () => database.exec("ROLLBACK TO kept"),
  };
}
