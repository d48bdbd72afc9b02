/** Keeps the remote tree as the server's journal says, by pushed messages, by pages, and after a gap in time by the whole tree. */
import { fromBase64Url } from "@ashlar/shared/encoding";
import type { BlockHash, Epoch } from "@ashlar/shared/ids";
import type { Change, ServerMessage } from "@ashlar/shared/protocol/change";
import type { Op } from "@ashlar/shared/protocol/commit";
import { UnreachableError } from "../ports.ts";
import { applyChanges } from "../trees/journal.ts";
import type { Core } from "./core.ts";
import { problemCode } from "../edge/refusals.ts";
import { distrustAgreements, refetchTree } from "./refetch.ts";
import type { AppliedChange } from "./types.ts";

export class RemoteSync {
  readonly #core: Core;
  /** Something is known to be missing: fetch before anything is planned. */
  isBehind = true;
  /** The cursor is void: the whole tree has to be fetched. */
  #isVoid = false;
  /** Nobody has asked the journal lately whether this is the server's life that the cursor is of. */
  #isDoubtful = false;
  #isRefetching = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The whole remote tree is compared with the server's: within an epoch two requests, if nothing differs. */
  compareAll(): void {
    this.doubt();
    this.#isVoid = true;
    this.isBehind = true;
  }

  /** The edge was away, or is about to be compared with: it may have been set back meanwhile. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Before anything is sent to an edge that was away, or compared with: what it no longer has was not deleted. */
  async makeSure(signal: AbortSignal): Promise<void> {
    if (!this.#isDoubtful) return;
    const { epoch } = this.#core.trees.meta;
    if (epoch !== null) await this.#fetchPage(epoch, signal);
    this.#isDoubtful = false;
  }

  /** From the socket or the poller. Applied at once where nothing is missing before it. */
  take(message: ServerMessage): void {
    const { trees, wake } = this.#core;
    if (message.type === "coming") {
      // Nothing is planned for it: it is a hint.
      if (!this.#core.isHeldUp) this.#core.early?.hear(message.blocks);
      return;
    }
    if (message.type === "reconcile" || (message.type === "welcome" && message.epoch !== trees.meta.epoch)) {
      if (message.type === "reconcile" && message.code === "epoch-changed") distrustAgreements(trees);
      this.#isVoid = true;
      this.isBehind = true;
      wake.call();
      return;
    }
    if (message.type === "changes") {
      const { receivedBlocks, receivedDeltas } = this.#core;
      for (const { hash, data } of message.inline) receivedBlocks.put(hash as BlockHash, fromBase64Url(data));
      for (const { target, data } of message.deltas ?? []) receivedDeltas.put(target, fromBase64Url(data));
    }
    this.apply(message.changes, message.head);
    wake.call();
  }

  /** Applies what follows the cursor; notes if anything up to `head` is missing then. */
  apply(changes: readonly Change[], head: number): void {
    if (this.#isRefetching || this.#core.trees.meta.epoch === null) {
      this.isBehind = true;
      return;
    }
    const { acknowledged, isOtherLife } = applyChanges(this.#core.trees, changes);
    if (isOtherLife) {
      this.#setBack();
      this.isBehind = true;
    }
    for (const { op, kind, path } of acknowledged) {
      if (op.op === "delete" && kind !== "folder") this.#core.countDeletion("remote");
      this.#core.held.drop(op.node);
      this.#core.event({ type: "applied", side: "remote", change: changeOf(op), path });
    }
    if (this.#core.trees.meta.cursor < head) this.isBehind = true;
  }

  /** Fetches what is missing. `committed` resolves when no commit is under way. Rejects with UnreachableError or ProblemError. */
  async catchUp(committed: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { meta } = this.#core.trees;
    while (this.isBehind || this.#isVoid) {
      signal.throwIfAborted();
      this.isBehind = false;
      try {
        const { epoch } = meta;
        if (this.#isVoid || epoch === null) {
          // What the tree shows before its commit is answered would never be agreed, and an edit of it made a conflict.
          await committed();
          if (this.#core.isHeldUp) {
            this.isBehind = true;
            return;
          }
          await this.#refetch(signal);
        } else await this.#fetchPage(epoch, signal);
      } catch (error) {
        this.isBehind = true;
        throw error;
      }
    }
  }

  async #fetchPage(epoch: Epoch, signal: AbortSignal): Promise<void> {
    const { meta } = this.#core.trees;
    const before = meta.cursor;
    try {
      const page = await this.#core.options.edge.changes(before, epoch, signal, meta.cursorOp);
      if (page.epoch !== epoch || page.head < before) this.#setBack();
      else this.apply(page.changes, page.head);
      // What else was heard of meanwhile may begin after more than was asked for.
      if (meta.cursor === before && before < page.head) this.#isVoid = true;
    } catch (error) {
      if (!isCursorVoid(error)) throw error;
      if (problemCode(error) === "epoch-changed") this.#setBack();
      else this.#isVoid = true;
    }
  }

  #setBack(): void {
    distrustAgreements(this.#core.trees);
    this.#isVoid = true;
  }

  async #refetch(signal: AbortSignal): Promise<void> {
    this.#isRefetching = true;
    try {
      const { trees, options } = this.#core;
      await refetchTree({ trees, edge: options.edge, sha256: options.sha256 }, signal);
      this.#isVoid = false;
      // What was journalled while the pages were read.
      this.isBehind = true;
    } catch (error) {
      if (!isCursorVoid(error)) throw error;
      throw new UnreachableError("The server was set back while its tree was being read. It is read again.", { cause: error });
    } finally {
      this.#isRefetching = false;
    }
  }
}

function isCursorVoid(error: unknown): boolean {
  const code = problemCode(error);
  return code === "cursor-expired" || code === "epoch-changed";
}

function changeOf(op: Op): AppliedChange {
  return op.op === "mkdir" || op.op === "restore" ? "create" : op.op;
}
