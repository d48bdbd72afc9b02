import type { LocalDatabase } from "@ashlar/client/database";
import type { Engine } from "@ashlar/client/engine/types";

export const never = (): Promise<never> => new Promise(() => undefined);

/** One life of a device's process: after its end nothing of it reaches the world any more. */
export class Life {
  isOver = false;
  readonly abort = new AbortController();
  engine: Engine | undefined;
  ended: Promise<unknown> = Promise.resolve();

  /** Returns as long as it lives. */
  async alive(): Promise<void> {
    if (this.isOver) await never();
  }
}

/** What a killed process would have written it does not; what is left of its code here may go on and reaches nothing. */
export function guarded(database: LocalDatabase, life: Life): LocalDatabase {
  return {
    exec(sql) {
      if (!life.isOver) database.exec(sql);
    },
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run(...values) {
          if (!life.isOver) statement.run(...values);
        },
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
        lists: (...values) => statement.lists(...values),
      };
    },
    transaction: (work, durability) => (life.isOver ? work() : database.transaction(work, durability)),
    close: () => undefined,
  };
}
