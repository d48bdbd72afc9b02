/** The note that makes a crashed commit undo itself: which blocks it was about to hold (DESIGN section 5). */
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import type { BlockIndex } from "../blocks/types.ts";
import type { Database } from "../ports.ts";
import { bulk, ReadBatch } from "./bulk.ts";

/** The blocks that a commit under way has held, or is about to. */
export type Intent = { readonly holds: readonly BlockHash[] };

/** At most one intent, durable as soon as a write has answered. */
export type IntentStore = {
  read(): Promise<Intent | null>;
  write(intent: Intent): Promise<void>;
  clear(): Promise<void>;
};

/** Late writes of the commit that left the intent do nothing from here on, nor do its holds: they were made for the generation before. */
const nextGenerationSql = "UPDATE namespaces SET generation = generation + 1 WHERE user_id = ?1 RETURNING generation";

const usedSql = `
  SELECT b.hash FROM json_each(?1) j CROSS JOIN user_blocks b ON b.user_id = ?2 AND b.hash = j.value WHERE b.refs > 0`;

/**
 * Finishes or undoes the commit that left an intent: blocks that no row explains are released, since its batch has not
 * happened and now cannot any more (I8). Does nothing without an intent, and is safe to repeat.
 */
export async function recover(
  { db, blocks, intents }: { db: Database; blocks: BlockIndex; intents: IntentStore },
  user: UserId,
): Promise<void> {
  const intent = await intents.read();
  if (intent === null) return;
  if (intent.holds.length > 0) {
    const batch = new ReadBatch(db);
    const entered = batch.add<{ generation: number }>(db.prepare(nextGenerationSql).bind(user));
    const used = batch.add<{ hash: BlockHash }>(...bulk(db, usedSql, intent.holds, user));
    await batch.run();
    const explained = new Set(used().map(({ hash }) => hash));
    const unexplained = intent.holds.filter((hash) => !explained.has(hash));
    const [namespace] = entered();
    if (namespace === undefined) throw new Error(`user ${user} has an intent and no namespace`);
    if (unexplained.length > 0) await blocks.release(user, unexplained, namespace.generation);
  }
  await intents.clear();
}
