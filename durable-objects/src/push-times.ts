import { pushTimesKept, usageDays, usageMs } from "@ashlar/shared/limits";
import { type Insights, pushBoundsMs } from "@ashlar/shared/protocol/insights";
import { dateOf, dayOf } from "@ashlar/shared/protocol/usage";

/** `open`: devices that were told of it on a socket, and have not answered. */
type Acknowledged = { readonly at: number; readonly open: Set<string> };

/**
 * How long it takes from a commit's acknowledgement until other devices have applied it: counts by day, a row written for each
 * answer. When a commit was acknowledged is in memory only, so what a sleep of the object forgets is not counted.
 */
export class PushTimes {
  readonly #sql: SqlStorage;
  readonly #acknowledged = new Map<number, Acknowledged>();

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS push_times (day INTEGER, class INTEGER, count INTEGER NOT NULL, PRIMARY KEY (day, class)) WITHOUT ROWID",
    );
  }

  /** `seq` is the commit's last; `now` in ms since 1970, here and below. A commit that is sent again was acknowledged the first time. */
  acknowledged(seq: number, now: number): void {
    if (this.#acknowledged.has(seq)) return;
    this.#acknowledged.set(seq, { at: now, open: new Set() });
    const [oldest] = this.#acknowledged.keys();
    if (this.#acknowledged.size > pushTimesKept && oldest !== undefined) this.#acknowledged.delete(oldest);
  }

  /** What a device learns when it comes back says nothing of the push. */
  pushed(seq: number, device: string): void {
    this.#acknowledged.get(seq)?.open.add(device);
  }

  applied(seq: number, device: string, now: number): void {
    const commit = this.#acknowledged.get(seq);
    if (commit?.open.delete(device) !== true) return;
    const found = pushBoundsMs.findIndex((bound) => now - commit.at <= bound);
    const classOf = found < 0 ? pushBoundsMs.length : found;
    this.#sql.exec("INSERT INTO push_times VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1", dayOf(now), classOf);
  }

  /** The oldest day first. Forgets what is too old. */
  read(now: number): Insights["push"] {
    this.#sql.exec("DELETE FROM push_times WHERE day < ?", dayOf(now - usageMs));
    const days = new Map<number, number[]>();
    const today = dayOf(now);
    const rows = this.#sql
      .exec<{ day: number; class: number; count: number }>(
        "SELECT day, class, count FROM push_times WHERE day > ? ORDER BY day",
        today - usageDays,
      )
      .toArray();
    for (const { day, class: place, count } of rows) {
      const counts = days.get(day) ?? Array.from({ length: pushBoundsMs.length + 1 }, () => 0);
      counts[place] = count;
      days.set(day, counts);
    }
    return { boundsMs: [...pushBoundsMs], days: [...days].map(([day, counts]) => ({ day: dateOf(day), counts })) };
  }
}
