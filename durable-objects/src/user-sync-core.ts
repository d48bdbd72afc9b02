import { createBlockIndex } from "@ashlar/server/blocks/block-index";
import { locateSent } from "@ashlar/server/blocks/locate-sent";
import { tend } from "@ashlar/server/collect/tend";
import type { TendCall, TendReport } from "@ashlar/server/collect/types";
import { createUrlSigner, type UrlSigner } from "@ashlar/server/blocks/signed-url";
import { commit, type CommitOutcome } from "@ashlar/server/namespace/commit";
import type { CommitAnswer, CommitCall } from "@ashlar/server/namespace/types";
import { commitsWaitingMax } from "@ashlar/shared/limits";
import { closeCodes } from "@ashlar/shared/protocol/change";
import type { Insights } from "@ashlar/shared/protocol/insights";
import { ProblemError, problemMediaType, problemOf } from "@ashlar/shared/protocol/problem";
import { hmacSha256, randomBytes, sha256 } from "./crypto.ts";
import { indexShardsOf, metaShardOf, type UserSyncEnv } from "./env.ts";
import { greet, parseDeviceMessage } from "./greeting.ts";
import { pushMessages } from "./push-messages.ts";
import { PushTimes } from "./push-times.ts";
import { RevokedDevices } from "./revoked-devices.ts";
import { SentBlocks } from "./sent-blocks.ts";
import { SerialQueue } from "./serial-queue.ts";
import { identityOf } from "./socket-identity.ts";
import { close, send, setState, Sockets, stateOf } from "./sockets.ts";
import { StoredIntents } from "./stored-intents.ts";

const clock = { now: () => Date.now() };
const internalError = 1011;

/** What {@link UserSync} does, apart from being an object: orders commits, greets sockets and tells them of changes. */
export class UserSyncCore {
  readonly #ctx: DurableObjectState;
  readonly #env: UserSyncEnv;
  readonly #sockets: Sockets;
  readonly #revoked: RevokedDevices;
  readonly #intents: StoredIntents;
  readonly #pushTimes: PushTimes;
  readonly #signer: UrlSigner;
  readonly #sentBlocks: SentBlocks;
  readonly #commits = new SerialQueue();
  /** Greetings and pushes in one order: what is committed while a device is greeted reaches it after the welcome. */
  readonly #deliveries = new SerialQueue();

  constructor(ctx: DurableObjectState, env: UserSyncEnv) {
    this.#ctx = ctx;
    this.#env = env;
    this.#sockets = new Sockets(ctx);
    this.#revoked = new RevokedDevices(ctx.storage);
    this.#intents = new StoredIntents(ctx.storage);
    this.#pushTimes = new PushTimes(ctx.storage);
    this.#signer = createUrlSigner((message) => hmacSha256(env.URL_KEY, message));
    const index = createBlockIndex({ shards: indexShardsOf(env), clock });
    this.#sentBlocks = new SentBlocks(this.#sockets, (user, hashes) =>
      locateSent({ index, signer: this.#signer }, user, hashes, clock.now()),
    );
  }

  async commit(call: CommitCall): Promise<CommitAnswer> {
    if (this.#commits.length >= commitsWaitingMax) {
      return { ok: false, code: "try-again", detail: "Too many commits of this account wait.", retryAfterS: 1 };
    }
    return this.#commits.run(() => this.#commitNow(call));
  }

  /** One at a time with the commits, as one of them. */
  async tend(call: TendCall): Promise<TendReport> {
    const at = { now: () => call.now };
    return this.#commits.run(() =>
      tend(
        {
          db: metaShardOf(this.#env, call.shard),
          blocks: createBlockIndex({ shards: indexShardsOf(this.#env), clock: at }),
          bucket: this.#env.BLOCKS,
          intents: this.#intents,
          sha256,
          random: randomBytes,
        },
        call,
      ),
    );
  }

  /** Storage remembers it, so that a token that is still good opens nothing again. */
  revoke(device: string): void {
    this.#revoked.add(device, clock.now());
    this.#sockets.closeDevice(device);
  }

  async connect(request: Request): Promise<Response> {
    const identity = identityOf(request.headers);
    if (this.#revoked.has(identity.device, clock.now())) return problemResponse(new ProblemError("device-revoked"));
    await this.#wakeBy(identity.expiresAt);
    return this.#sockets.accept(identity);
  }

  /** Sleeping sockets are not asked for anything, so time ends them. */
  async wake(): Promise<void> {
    const next = this.#sockets.closeExpired(clock.now());
    if (next !== undefined) await this.#wakeBy(next);
  }

  async #wakeBy(time: number): Promise<void> {
    const alarm = await this.#ctx.storage.getAlarm();
    if (alarm === null || alarm > time) await this.#ctx.storage.setAlarm(time);
  }

  async receive(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const message = parseDeviceMessage(data);
    const state = stateOf(socket);
    if (message === undefined) return close(socket, closeCodes.badMessage, "this message is not in the protocol");
    if (message.type !== "hello" && state.phase === "silent") return close(socket, closeCodes.badMessage, "say hello first");
    if (message.type === "applied") return this.#pushTimes.applied(message.seq, state.device, clock.now());
    if (message.type === "sending") {
      // As before a push.
      this.#sockets.closeExpired(clock.now());
      return this.#sentBlocks.hear(state, message.hashes);
    }
    if (state.phase !== "silent") return close(socket, closeCodes.badMessage, "hello was said before");
    setState(socket, { ...state, phase: "greeted" });
    await this.#deliveries.run(async () => {
      try {
        send(socket, await greet(this.#env, state, message));
        setState(socket, { ...state, phase: "following" });
      } catch (error) {
        console.error("a device could not be greeted", error);
        close(socket, internalError, "try again");
      }
    });
  }

  pushTimes(): Insights["push"] {
    return this.#pushTimes.read(clock.now());
  }

  async #commitNow(call: CommitCall): Promise<CommitAnswer> {
    if (this.#revoked.has(call.device, clock.now())) {
      return { ok: false, code: "device-revoked", detail: "This device was signed out. Sign in again." };
    }
    const outcome = await commit(
      {
        db: metaShardOf(this.#env, call.shard),
        blocks: createBlockIndex({ shards: indexShardsOf(this.#env), clock }),
        bucket: this.#env.BLOCKS,
        intents: this.#intents,
        clock,
        sha256,
        sleep: (ms) => scheduler.wait(ms),
        report: (message, cause) => console.error(message, cause),
      },
      call,
    );
    const last = outcome.answer.ok ? outcome.answer.response.changes.at(-1) : undefined;
    if (last !== undefined) this.#pushTimes.acknowledged(last.seq, clock.now());
    // The answer does not wait for the push, and the next commit does not either.
    this.#ctx.waitUntil(this.#deliveries.run(async () => this.#push(call, outcome)));
    return outcome.answer;
  }

  /** Also for a re-sent commit: the push of the first may have been lost, and devices skip what they have. */
  #push({ user, device, pushInline, pushDeltas = [] }: CommitCall, { answer, blocks }: CommitOutcome): void {
    // The alarm may be late.
    this.#sockets.closeExpired(clock.now());
    const following = this.#sockets.following();
    if (!answer.ok || answer.response.changes.length === 0 || following.length === 0) return;
    const { head, changes } = answer.response;
    const { others, sender } = pushMessages(
      { user, head, changes, inline: pushInline, deltas: pushDeltas, blocks },
      this.#signer,
      clock.now(),
    );
    const texts = { others: others.map((message) => JSON.stringify(message)), sender: sender.map((message) => JSON.stringify(message)) };
    for (const { socket, state } of following) {
      for (const text of state.device === device ? texts.sender : texts.others) send(socket, text);
      if (state.device !== device) this.#pushTimes.pushed(changes.at(-1)?.seq ?? head, state.device);
    }
  }
}

function problemResponse(error: ProblemError): Response {
  const problem = problemOf(error);
  return Response.json(problem, { status: problem.status, headers: { "content-type": problemMediaType } });
}
