import { accessTokenMs } from "@ashlar/shared/limits";

/** A token may be signed a moment after its device was revoked, by a Worker that had looked before, and clocks differ. */
const marginMs = 60_000;

/** Devices that were signed out while access tokens of theirs may still be good: nobody looks tokens up. */
export class RevokedDevices {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS revoked (device TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID");
  }

  /** `now` is ms since 1970. */
  add(device: string, now: number): void {
    this.#sql.exec("DELETE FROM revoked WHERE until <= ?", now);
    this.#sql.exec("INSERT OR REPLACE INTO revoked VALUES (?, ?)", device, now + accessTokenMs + marginMs);
  }

  has(device: string, now: number): boolean {
    return this.#sql.exec("SELECT 1 FROM revoked WHERE device = ? AND until > ?", device, now).toArray().length > 0;
  }
}
