import type { CommitAnswer, CommitCall } from "@ashlar/server/namespace/types";
import type { TendCall, TendReport } from "@ashlar/server/collect/types";
import type { Insights } from "@ashlar/shared/protocol/insights";
import { DurableObject } from "cloudflare:workers";
import type { UserSyncEnv } from "./env.ts";
import { close } from "./sockets.ts";
import { UserSyncCore } from "./user-sync-core.ts";

/**
 * One object per user, by the user's id: orders commits, and fans their changes out over WebSockets. Every public method is
 * callable by the Workers; none is by clients.
 */
export class UserSync extends DurableObject<UserSyncEnv> {
  readonly #core: UserSyncCore;

  constructor(ctx: DurableObjectState, env: UserSyncEnv) {
    super(ctx, env);
    this.#core = new UserSyncCore(ctx, env);
  }

  /** Applies a commit, one at a time. Safe to repeat: the same operations get the same answer (I4). */
  async commit(call: CommitCall): Promise<CommitAnswer> {
    return this.#core.commit(call);
  }

  /** Removes what is too old of this user's rows and packs, a bounded part in each call. Safe to repeat. */
  async tend(call: TendCall): Promise<TendReport> {
    return this.#core.tend(call);
  }

  /** Signs a device out: its sockets close, and its commits are refused until its access tokens have run out. Safe to repeat. */
  async revoke(device: string): Promise<void> {
    this.#core.revoke(device);
  }

  /** How quickly this user's devices apply what others commit. */
  async pushTimes(): Promise<Insights["push"]> {
    return this.#core.pushTimes();
  }

  /** The upgrade of a socket whose owner the Worker has found out (`identityHeaders`). */
  override async fetch(request: Request): Promise<Response> {
    return this.#core.connect(request);
  }

  override async alarm(): Promise<void> {
    await this.#core.wake();
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#core.receive(socket, message);
  }

  override async webSocketClose(socket: WebSocket, code: number, reason: string): Promise<void> {
    close(socket, code, reason);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    close(socket, 1011, "the connection failed");
  }
}
