import type { Intent, IntentStore } from "@ashlar/server/namespace/intent";
import type { BlockHash } from "@ashlar/shared/ids";

/** A row takes 2 MB; a hash is 67 bytes of JSON. */
const hashesPerRow = 10_000;

/**
 * The intent in the object's own storage. Nothing leaves the object before its writes are durable (the output gate), so no
 * block is held that the note does not name. The write also fails in an instance that another has replaced: it commits no more.
 */
export class StoredIntents implements IntentStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec("CREATE TABLE IF NOT EXISTS intent (piece INTEGER PRIMARY KEY, hashes TEXT NOT NULL)");
  }

  async read(): Promise<Intent | null> {
    const pieces = this.#storage.sql.exec<{ hashes: string }>("SELECT hashes FROM intent ORDER BY piece").toArray();
    if (pieces.length === 0) return null;
    return { holds: pieces.flatMap(({ hashes }) => JSON.parse(hashes) as BlockHash[]) };
  }

  async write({ holds }: Intent): Promise<void> {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec("DELETE FROM intent");
      for (let at = 0; at === 0 || at < holds.length; at += hashesPerRow) {
        this.#storage.sql.exec("INSERT INTO intent VALUES (?, ?)", at, JSON.stringify(holds.slice(at, at + hashesPerRow)));
      }
    });
  }

  async clear(): Promise<void> {
    this.#storage.sql.exec("DELETE FROM intent");
  }
}
