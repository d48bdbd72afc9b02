import type { UserId } from "@ashlar/shared/ids";
import { usageMs } from "@ashlar/shared/limits";
import { dayOf } from "@ashlar/shared/protocol/usage";
import type { Database } from "../ports.ts";

/** Drops the numbers of days too long ago: a day's worth where it is called once a day. `now` is ms since 1970. */
export async function pruneUsage(db: Database, user: UserId, now: number): Promise<void> {
  await db
    .prepare("DELETE FROM usage_days WHERE user_id = ?1 AND day < ?2")
    .bind(user, dayOf(now - usageMs))
    .run();
}
