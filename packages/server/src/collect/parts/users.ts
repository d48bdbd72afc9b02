/**
 * Every user's history and packs once a day, a bounded number of users in each run. All are called, whether or not there is anything
 * to do: only his object knows of a commit that died, and an index by time would cost a row for every version, a thousand times
 * what the object reads to find out.
 */
import type { UserId } from "@ashlar/shared/ids";
import { tendMs } from "@ashlar/shared/limits";
import type { Database } from "../../ports.ts";
import { type Cursors, nextCursor } from "../cursors.ts";
import type { Part, Report, RequireTime } from "../part.ts";
import type { TendCall, TendReport } from "../tend/types.ts";

export type UsersBounds = {
  /** Objects that are called in one run: a Worker may make 10,000 calls. */
  readonly users: number;
  /** Calls for one user that has more to do than one call takes. */
  readonly calls: number;
};

export type UsersPartPorts = {
  readonly db: Database;
  readonly tend: (call: TendCall) => Promise<TendReport>;
  readonly cursors: Cursors;
  readonly requireTime: RequireTime;
  readonly report: Report;
};

/** Objects that are called side by side. */
const usersAtOnce = 4;

const usersSql = "SELECT user_id AS user FROM namespaces WHERE user_id > ?1 ORDER BY user_id LIMIT ?2";

type Sums = Record<Exclude<keyof TendReport, "isCut" | "wanted">, number>;

export function usersPart(ports: UsersPartPorts, call: { shard: number; now: number; dryRun: boolean; bounds: UsersBounds }): Part {
  const { shard, now, dryRun, bounds } = call;
  const { db, cursors, requireTime, report } = ports;
  const walk = `users/${shard}`;

  /** Sums over the users; one whose object fails is left to the next round. */
  async function tendAll(users: readonly UserId[]): Promise<{ sums: Sums; errors: number; last: UserId | undefined }> {
    const sums: Sums = { changes: 0, versions: 0, nodes: 0, released: 0, packsDeleted: 0, packsRewritten: 0, bytesFreed: 0, damaged: 0 };
    let errors = 0;
    const tendOne = async (user: UserId): Promise<void> => {
      for (let calls = 0, more = true; more && calls < bounds.calls; calls++) {
        const { isCut, wanted: _, ...done } = await ports.tend({ user, shard, now, dryRun });
        for (const key of keysOf(sums)) sums[key] += done[key];
        more = isCut && !dryRun;
      }
    };
    for (let at = 0; at < users.length; at += usersAtOnce) {
      try {
        requireTime();
      } catch {
        return { sums, errors, last: users[at - 1] };
      }
      const results = await Promise.allSettled(users.slice(at, at + usersAtOnce).map(tendOne));
      for (const result of results) {
        if (result.status === "fulfilled") continue;
        errors += 1;
        report("a user could not be tended", result.reason);
      }
    }
    return { sums, errors, last: users.at(-1) };
  }

  return {
    name: walk,
    async plan() {
      const cursor = cursors.get(walk);
      const isDue = cursor.position !== "" || cursor.roundStartedAt + tendMs <= now;
      const found = isDue ? await db.prepare(usersSql).bind(cursor.position, bounds.users).all<{ user: UserId }>() : { results: [] };
      const users = found.results.map(({ user }) => user);
      const planned = dryRun ? await tendAll(users) : undefined;
      return {
        seen: users.length,
        details: { users: users.length, ...planned?.sums },
        async run() {
          const { sums, errors, last } = await tendAll(users);
          const isLast = last === users.at(-1) && users.length < bounds.users;
          if (isDue) await cursors.set(walk, nextCursor(cursor, { upTo: last ?? cursor.position, isLast }, now));
          const deleted = sums.versions + sums.nodes + sums.packsDeleted;
          return { deleted, bytesFreed: sums.bytesFreed, errors, details: { users: users.length, ...sums } };
        },
      };
    },
  };
}

function keysOf(sums: Sums): (keyof Sums)[] {
  return Object.keys(sums) as (keyof Sums)[];
}
