import type { LocalDatabase } from "../../src/database.ts";
import type { Engine } from "../../src/engine/types.ts";

/** One life of the engine: after its end nothing of it reaches the world any more. */
export class Life {
  isOver = false;
  readonly abort = new AbortController();
  engine: Engine | undefined;
  ended: Promise<unknown> = Promise.resolve();
}

/** What a killed process would have written it does not. */
export function guarded(database: LocalDatabase, life: Life): LocalDatabase {
  const check = () => {
    if (life.isOver) throw new Error("this process was killed");
  };
  return {
    exec(sql) {
      check();
      database.exec(sql);
    },
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run(...values) {
          check();
          statement.run(...values);
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        lists: (...values) => statement.lists(...values),
      };
    },
    transaction(work, durability) {
      check();
      return database.transaction(work, durability);
    },
    close: () => undefined,
  };
}
