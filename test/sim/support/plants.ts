/** Bugs that this house must never have, put in from outside by what the code under test is handed. */
import type { Disk } from "@ashlar/client/ports";
import type { SqliteD1 } from "../../../packages/server/test/support/sqlite-d1.ts";
import type { Statement } from "@ashlar/server/ports";
import type { Plant } from "./world.ts";

/** What stands at a path is not looked at again before it is replaced or removed. */
function withoutRecheck(disk: Disk): Disk {
  const now = async (path: string) => (await disk.stat(path)) ?? "absent";
  return {
    ...disk,
    draft: async () => {
      const draft = await disk.draft();
      return {
        ...draft,
        write: (bytes, offset) => draft.write(bytes, offset),
        place: async (path, options) => draft.place(path, { ...options, expected: await now(path) }),
        [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
      };
    },
    remove: async (path, expected) => {
      const there = await now(path);
      await disk.remove(path, there === "absent" ? expected : there);
    },
  };
}

/** A folder that cannot be read counts as empty. */
function unreadableAsEmpty(disk: Disk): Disk {
  return { ...disk, list: (path) => disk.list(path).catch(() => []) };
}

const lostCommitEvery = 3;

/** A commit is answered before its batch is there, and the batch is lost with the process. */
function acknowledgedEarly(db: SqliteD1, name: string): SqliteD1 {
  if (!name.startsWith("META")) return db;
  let isCommit = false;
  let commits = 0;
  return {
    ...db,
    prepare: (sql) => {
      isCommit ||= sql.includes("INSERT INTO changes");
      return db.prepare(sql);
    },
    batch: async <Row>(statements: Statement[]) => {
      const isLost = isCommit && ++commits % lostCommitEvery === 0;
      isCommit = false;
      return isLost ? statements.map(() => ({ results: [] as Row[] })) : db.batch<Row>(statements);
    },
  };
}

/** Neither the seq nor the generation is compared, and the journal's key does not refuse a second writer's rows. */
function withoutFence(db: SqliteD1): SqliteD1 {
  const fence = "CASE WHEN seq = ?2 AND generation = ?3 THEN ?4 END";
  const unfenced = (sql: string) =>
    sql.replace(fence, "coalesce(?4, ?2, ?3)").replace("INSERT INTO changes", "INSERT OR REPLACE INTO changes");
  return { ...db, prepare: (sql) => db.prepare(unfenced(sql)) };
}

const forgottenEvery = 2;

/** Now and then the edge does not know a device that asks for its next token. */
function forgetfulOfDevices(db: SqliteD1, name: string): SqliteD1 {
  if (name !== "DIRECTORY") return db;
  let asked = 0;
  const forget = (sql: string) =>
    sql.includes("d.current_hash") && ++asked % forgottenEvery === 0 ? sql.replace("d.user_id = ?1", "d.user_id = ?1 AND 0") : sql;
  return { ...db, prepare: (sql) => db.prepare(forget(sql)) };
}

export const plants: Readonly<Record<string, Plant>> = {
  "no second look before a file is replaced": { disk: withoutRecheck },
  "an unreadable folder taken for an empty one": { disk: unreadableAsEmpty },
  "an answer before the batch": { database: acknowledgedEarly },
  "no fence against a second writer": { database: withoutFence },
  "a good session refused": { database: forgetfulOfDevices },
};
