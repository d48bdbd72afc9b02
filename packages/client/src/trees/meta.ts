import type { Epoch, OpId, Seq, UserId } from "@ashlar/shared/ids";
import type { LocalDatabase } from "../database.ts";
import { text } from "./row.ts";

/** What the client knows of itself: whose tree it is, and how far it has read the journal. */
export class Meta {
  readonly #get;
  readonly #put;
  readonly #remove;

  constructor(database: LocalDatabase) {
    this.#get = database.prepare("SELECT value FROM meta WHERE key = ?");
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
    this.#remove = database.prepare("DELETE FROM meta WHERE key = ?");
  }

  read(key: string): string | undefined {
    const row = this.#get.get(key);
    return row === undefined ? undefined : text(row, "value");
  }

  write(key: string, value: string | undefined): void {
    if (value === undefined) this.#remove.run(key);
    else this.#put.run(key, value);
  }

  /** Null: the remote tree is not, or not wholly, known. */
  get epoch(): Epoch | null {
    return (this.read("epoch") ?? null) as Epoch | null;
  }

  /** The last change applied to the remote tree (I3). */
  get cursor(): Seq {
    return Number(this.read("cursor") ?? 0);
  }

  /** Of the change at the cursor, where it is known: a server that was set back has another one there, or will have. */
  get cursorOp(): OpId | undefined {
    return this.read("cursor-op") as OpId | undefined;
  }

  setCursor(epoch: Epoch | null, cursor: Seq, op?: OpId): void {
    this.write("epoch", epoch ?? undefined);
    this.write("cursor", String(cursor));
    this.write("cursor-op", op);
  }

  get account(): UserId | undefined {
    return this.read("account") as UserId | undefined;
  }

  setAccount(user: UserId): void {
    this.write("account", user);
  }
}
