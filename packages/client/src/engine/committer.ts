/** Sends operations in commits within the protocol's bounds, and sends again what may have been lost (I4). */
import type { BlockHash, OpId } from "@ashlar/shared/ids";
import { decodeManifest } from "@ashlar/shared/manifest";
import { diffManifests } from "@ashlar/shared/manifest-patch";
import type { CommitResponse, ConflictReason, Op, OpResult, WireOp } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { PlannedOp } from "../planner/types.ts";
import * as effects from "../trees/effects.ts";
import { type Batch, batchesOf } from "./batches.ts";
import { AnswerOrder } from "./answer-order.ts";
import type { Core } from "./core.ts";
import { isDeltaRefusal, problemCode } from "../edge/refusals.ts";
import { failureOf } from "./failure.ts";
import type { HeldContent } from "./held-blocks.ts";
import type { RemoteSync } from "./remote-sync.ts";

export class Committer {
  readonly #core: Core;
  readonly #remote: RemoteSync;
  readonly #underWay = new Set<OpId>();
  /** Applied, and the journal up to them is still to be fetched. */
  readonly #applied = new Set<OpId>();
  readonly #answers: AnswerOrder;

  constructor(core: Core, remote: RemoteSync) {
    this.#core = core;
    this.#remote = remote;
    this.#answers = new AnswerOrder(() => core.trees.meta.cursor);
  }

  /**
   * In order. Resolves when the fate of all is known, or open because the edge cannot be reached. Others may be under way if
   * none of theirs needs one of these.
   */
  async commit(planned: readonly PlannedOp[], signal: AbortSignal): Promise<void> {
    const ops = planned.map((op): Op => ({ ...op, opId: this.#core.newOpId() }));
    this.#core.trees.transaction(() => ops.forEach((op) => this.#core.trees.intents.put(op)));
    await this.#sendAll(ops, signal);
  }

  /** What was written down and never answered, with the same ids; small content and deltas only as far as they are still in memory. */
  async resend(signal: AbortSignal): Promise<void> {
    const { intents } = this.#core.trees;
    // What is missing is about to be fetched, and tells of those that were applied.
    if (!this.#remote.isBehind) this.#applied.clear();
    // Each turn comes by here, mostly while thousands are under way.
    const open = intents.ids().filter((id) => !this.#underWay.has(id) && !this.#applied.has(id));
    if (open.length === 0) return;
    await this.#sendAll(
      open.flatMap((id) => intents.get(id) ?? []),
      signal,
    );
  }

  async #sendAll(ops: readonly Op[], signal: AbortSignal): Promise<void> {
    for (const { opId } of ops) this.#underWay.add(opId);
    try {
      for (const batch of batchesOf(ops, (op) => this.#heldOf(op))) {
        // It may need those before, whose fate is open now: all that is left is sent again in its order.
        if (this.#core.isHeldUp || this.#core.halt !== undefined) return;
        await this.#send(batch, signal);
      }
    } finally {
      for (const { opId } of ops) this.#underWay.delete(opId);
    }
  }

  #heldOf(op: Op): HeldContent {
    if (op.op !== "create" && op.op !== "update") return { small: [], deltas: [] };
    const { held, trees } = this.#core;
    const { small, deltas } = held.get(op.node);
    if (small.length === 0 && deltas.length === 0) return { small, deltas };
    // What was read may be of another content than the operation's: the server's has come to the disk since.
    const named = new Set(decodeManifest(op.manifest).map(({ hash }) => hash));
    const isWanted = (hash: BlockHash) => named.has(hash) && !trees.serverBlocks.has(hash);
    return { small: small.filter(({ hash }) => isWanted(hash)), deltas: deltas.filter(({ target }) => isWanted(target)) };
  }

  async #send(batch: Batch, signal: AbortSignal, mayPatch = true): Promise<void> {
    const ops = mayPatch ? batch.ops.map((op) => this.#onWire(op)) : batch.ops;
    try {
      await this.#answers.inOrder(
        () => this.#core.options.edge.commit(ops, batch, signal),
        (answer) => this.#hear(batch, answer),
      );
    } catch (error) {
      if (!signal.aborted && problemCode(error) === "stale-patch" && mayPatch) await this.#send(batch, signal, false);
      else await this.#refused(batch, error, signal);
    }
  }

  #hear({ ops }: Batch, { changes, head, results }: CommitResponse): void {
    this.#core.hasGotOn = true;
    this.#core.announcer.forget();
    this.#remote.apply(changes, head);
    this.#core.trees.transaction(() => results.forEach((result, index) => this.#conclude(ops[index], result)));
  }

  /** Of a long manifest only what is new about it. */
  #onWire(op: Op): WireOp {
    if (op.op !== "update") return op;
    const remote = this.#core.trees.remote.get(op.node);
    if (remote === undefined || remote.manifest === null || remote.rev !== op.baseRev) return op;
    const patch = diffManifests(remote.version, remote.manifest, op.manifest);
    if (patch === undefined) return op;
    const { manifest: _whole, ...rest } = op;
    return { ...rest, patch };
  }

  #conclude(op: Op | undefined, result: OpResult): void {
    const { trees } = this.#core;
    // By now its change has been applied, unless an earlier one is missing.
    if (op === undefined || trees.intents.get(op.opId) === undefined) return;
    if (result.status === "applied") {
      if (result.seq <= trees.meta.cursor) trees.intents.remove(op.opId);
      else {
        this.#applied.add(op.opId);
        this.#remote.isBehind = true;
      }
      return;
    }
    trees.intents.remove(op.opId);
    this.#conflict(op, result.reason);
  }

  /** Somebody was faster, or sees more: the journal tells what is so, and it is planned again from there. */
  #conflict(op: Op, reason: ConflictReason): void {
    const { trees } = this.#core;
    this.#remote.isBehind = true;
    if (reason === "id-taken" && trees.synced.get(op.node) === undefined && trees.local.get(op.node) !== undefined) {
      const fresh = this.#core.newNodeId();
      this.#core.held.move(op.node, fresh);
      effects.revive(trees, op.node, { below: false, newId: () => fresh });
      return;
    }
    this.#core.delay(op.node, `refused-${reason}`, conflictTexts[reason]);
  }

  async #refused(batch: Batch, error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (problemCode(error) === "block-missing") {
      const missing = new Set(error instanceof ProblemError ? error.hashes : []);
      this.#giveUp(batch.ops, (op) => this.#sendAgain(op, missing));
      return;
    }
    if (batch.deltas.length > 0 && isDeltaRefusal(error)) {
      await this.#sendWithoutDeltas(batch, signal);
      return;
    }
    const failure = failureOf(error);
    if (failure.scope !== "item") {
      this.#core.take(failure);
      return;
    }
    if (batch.ops.length === 1) {
      this.#giveUp(batch.ops, (op) => this.#core.delay(op.node, failure.reason, failure.detail));
      return;
    }
    // One of them is at fault: the halves tell which. Nothing of a refused commit was applied.
    const middle = Math.ceil(batch.ops.length / 2);
    await this.#sendAll(batch.ops.slice(0, middle), signal);
    await this.#sendAll(batch.ops.slice(middle), signal);
  }

  /** The same operations, with the blocks themselves. */
  async #sendWithoutDeltas({ ops, inline, deltas }: Batch, signal: AbortSignal): Promise<void> {
    const { transfer, held } = this.#core;
    const refused = new Set(deltas.map(({ target }) => target));
    const small = new Set(ops.flatMap(({ node }) => held.get(node).small.map(({ hash }) => hash)));
    const large = ops
      .flatMap((op) => (op.op === "create" || op.op === "update" ? decodeManifest(op.manifest) : []))
      .filter(({ hash }) => refused.has(hash) && !small.has(hash));
    try {
      const lost = new Set<string>(await transfer.sendWhole(large, signal));
      for (const { node } of ops) held.dropDeltas(node);
      if (lost.size > 0) this.#giveUp(ops, (op) => this.#sendAgain(op, lost));
      else await this.#sendAll(ops, signal);
    } catch (error) {
      await this.#refused({ ops, inline, deltas: [] }, error, signal);
    }
  }

  #giveUp(ops: readonly Op[], then: (op: Op) => void): void {
    const { trees } = this.#core;
    trees.transaction(() => {
      for (const op of ops) {
        trees.intents.remove(op.opId);
        then(op);
      }
    });
  }

  /** What was taken for sent is not there: the file is read and sent again. */
  #sendAgain(op: Op, missing: ReadonlySet<string>): void {
    if (op.op !== "create" && op.op !== "update") return;
    const { trees } = this.#core;
    const lost = decodeManifest(op.manifest).filter(({ hash }) => missing.size === 0 || missing.has(hash));
    const local = trees.local.get(op.node);
    if (lost.length === 0 || local === undefined) return;
    for (const { hash } of lost) trees.serverBlocks.remove(hash);
    this.#core.held.drop(op.node);
    trees.local.put({ ...local, manifest: null });
  }
}

const conflictTexts: Readonly<Record<ConflictReason, string>> = {
  stale: "Another device changed it at the same time. It is merged and tried again.",
  gone: "It was deleted on the server at the same time. It is merged and tried again.",
  "id-taken": "The server knows its id already. It gets another and is tried again.",
  "parent-gone": "Its folder was deleted on the server at the same time. It is merged and tried again.",
  "name-taken": "Another device used its name at the same time. It is merged and tried again.",
  cycle: "Another device moved its folder at the same time. It is merged and tried again.",
  "not-empty": "Another device put something into the folder at the same time. It is merged and tried again.",
  "too-deep": "It lies deeper than folders may be nested. Move it further up.",
  "wrong-kind": "The server has another kind of thing there. Rename it.",
};
