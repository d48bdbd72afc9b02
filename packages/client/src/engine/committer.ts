/** Sends operations in commits within the protocol's bounds, and sends again what may have been lost (I4). */
import type { BlockHash } from "@ashlar/shared/ids";
import { commitHeadBytesMax, commitInlineBytesMax, commitOpsMax } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { ConflictReason, Op, OpResult } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { PlannedOp } from "../planner/types.ts";
import type { Ingested } from "../ports.ts";
import * as effects from "../trees/effects.ts";
import type { Core } from "./core.ts";
import { failureOf, problemCode } from "./failure.ts";
import type { RemoteSync } from "./remote-sync.ts";

/** Leaves room for the fields beside the manifests. */
const manifestCharsMax = commitHeadBytesMax / 2;

type Batch = { readonly ops: Op[]; readonly inline: Ingested["small"][number][] };

export class Committer {
  readonly #core: Core;
  readonly #remote: RemoteSync;

  constructor(core: Core, remote: RemoteSync) {
    this.#core = core;
    this.#remote = remote;
  }

  /** In order. Resolves when the fate of all is known, or open because the edge cannot be reached. */
  async commit(planned: readonly PlannedOp[], signal: AbortSignal): Promise<void> {
    const ops = planned.map((op): Op => ({ ...op, opId: this.#core.newOpId() }));
    this.#core.trees.transaction(() => ops.forEach((op) => this.#core.trees.intents.put(op)));
    await this.#sendAll(ops, signal);
  }

  /** What was written down and never answered, with the same ids; small content only as far as it is still in memory. */
  async resend(signal: AbortSignal): Promise<void> {
    await this.#sendAll(this.#core.trees.intents.all(), signal);
  }

  async #sendAll(ops: readonly Op[], signal: AbortSignal): Promise<void> {
    for (const batch of this.#batches(ops)) await this.#send(batch, signal);
  }

  #batches(ops: readonly Op[]): Batch[] {
    const batches: Batch[] = [];
    let batch: Batch = { ops: [], inline: [] };
    let inlineBytes = 0;
    let manifestChars = 0;
    const sent = new Set<BlockHash>();
    for (const op of ops) {
      const manifest = op.op === "create" || op.op === "update" ? op.manifest : "";
      const small = this.#core.held
        .get(op.node)
        .filter(({ hash }) => manifest !== "" && !sent.has(hash) && !this.#core.trees.serverBlocks.has(hash));
      const bytes = small.reduce((total, block) => total + block.bytes.length, 0);
      const isOver = inlineBytes + bytes > commitInlineBytesMax || manifestChars + manifest.length > manifestCharsMax;
      if (batch.ops.length > 0 && (isOver || batch.ops.length === commitOpsMax)) {
        batches.push(batch);
        batch = { ops: [], inline: [] };
        inlineBytes = 0;
        manifestChars = 0;
      }
      batch.ops.push(op);
      batch.inline.push(...small);
      for (const { hash } of small) sent.add(hash);
      inlineBytes += bytes;
      manifestChars += manifest.length;
    }
    if (batch.ops.length > 0) batches.push(batch);
    return batches;
  }

  async #send(batch: Batch, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#core.options.edge.commit(batch.ops, batch.inline, signal);
      this.#remote.apply(answer.changes, answer.head);
      this.#core.trees.transaction(() => answer.results.forEach((result, index) => this.#conclude(batch.ops[index], result)));
    } catch (error) {
      await this.#refused(batch, error, signal);
    }
  }

  #conclude(op: Op | undefined, result: OpResult): void {
    const { trees } = this.#core;
    // By now its change has been applied, unless an earlier one is missing.
    if (op === undefined || trees.intents.get(op.opId) === undefined) return;
    if (result.status === "applied") {
      if (result.seq <= trees.meta.cursor) trees.intents.remove(op.opId);
      else this.#remote.isBehind = true;
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
