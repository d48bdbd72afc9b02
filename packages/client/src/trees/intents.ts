import type { NodeId, OpId } from "@ashlar/shared/ids";
import type { Op } from "@ashlar/shared/protocol/commit";
import type { LocalDatabase } from "../database.ts";
import { nodeId, text } from "./row.ts";

/** Operations that may have reached the server: sent again with the same ids until their fate is known (I4). */
export class Intents {
  readonly #statements;

  constructor(database: LocalDatabase) {
    this.#statements = {
      ids: database.prepare("SELECT op_id FROM intents ORDER BY position"),
      get: database.prepare("SELECT op FROM intents WHERE op_id = ?"),
      nodes: database.prepare("SELECT DISTINCT node FROM intents"),
      put: database.prepare("INSERT INTO intents VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM intents), ?, ?)"),
      remove: database.prepare("DELETE FROM intents WHERE op_id = ?"),
      clear: database.prepare("DELETE FROM intents"),
    };
  }

  /** In the order they were written down. */
  ids(): OpId[] {
    return this.#statements.ids.all().map((row) => text(row, "op_id") as OpId);
  }

  get(opId: OpId): Op | undefined {
    const row = this.#statements.get.get(opId);
    return row === undefined ? undefined : (JSON.parse(text(row, "op")) as Op);
  }

  /** Nodes whose fate is open: nothing is planned for them meanwhile. */
  nodes(): Set<NodeId> {
    return new Set(this.#statements.nodes.all().map((row) => nodeId(row, "node")));
  }

  put(op: Op): void {
    this.#statements.put.run(op.opId, op.node, JSON.stringify(op));
  }

  remove(opId: OpId): void {
    this.#statements.remove.run(opId);
  }

  clear(): void {
    this.#statements.clear.run();
  }
}
