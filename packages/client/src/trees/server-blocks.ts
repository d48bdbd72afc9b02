import type { BlockHash } from "@ashlar/shared/ids";
import type { LocalDatabase } from "../database.ts";

/** Blocks that the server is known to have from this user: neither asked about nor sent. */
export class ServerBlocks {
  readonly #has;
  readonly #add;
  readonly #remove;

  constructor(database: LocalDatabase) {
    this.#has = database.prepare("SELECT 1 AS found FROM server_blocks WHERE hash = ?");
    this.#add = database.prepare("INSERT OR IGNORE INTO server_blocks VALUES (?)");
    this.#remove = database.prepare("DELETE FROM server_blocks WHERE hash = ?");
  }

  has(hash: BlockHash): boolean {
    return this.#has.get(hash) !== undefined;
  }

  add(hash: BlockHash): void {
    this.#add.run(hash);
  }

  /** The server said that it does not have it after all. */
  remove(hash: string): void {
    this.#remove.run(hash);
  }
}
