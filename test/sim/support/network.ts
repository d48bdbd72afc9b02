/** The way between one device and the edge: slow, lossy, and now and then it says things twice. */
import type { Http, HttpAnswer, HttpRequest } from "@ashlar/client/edge/http";
import type { Connect, SocketClosed } from "@ashlar/client/feed/socket";
import { socketProtocol } from "@ashlar/shared/protocol/change";
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import type { Random } from "../../../packages/client/test/support/random.ts";
import type { EdgeInMemory } from "./edge.ts";
import type { FakeSocket } from "./socket-pair.ts";

export type NetworkFaults = {
  /** Of a request on its way there, of its answer on its way back, and of the socket at each message. */
  lost: number;
  /** Of a request arriving twice. */
  twice: number;
  latencyMs: number;
};

export type NetworkOptions = {
  readonly edge: EdgeInMemory;
  readonly clock: ManualClock;
  readonly random: Random;
  /** Waits for ever when the process behind it is gone; may end it. */
  readonly alive: () => Promise<void>;
};

const isHint = (text: string) => text.includes('"sending"');
const origin = "https://edge.example";
const lostCode = 1006;

/** From when until when there was no line, or no process. */
export type Span = { readonly fromMs: number; toMs: number };

export class Network {
  readonly offline: Span[] = [];
  readonly faults: NetworkFaults = { lost: 0, twice: 0, latencyMs: 0 };
  readonly #edge: EdgeInMemory;
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #sockets = new Set<() => void>();

  constructor({ edge, clock, random }: Omit<NetworkOptions, "alive">) {
    this.#edge = edge;
    this.#clock = clock;
    this.#random = random;
  }

  get isOnline(): boolean {
    return this.offline.at(-1)?.toMs !== Infinity;
  }

  set isOnline(is: boolean) {
    const nowMs = this.#clock.now();
    const last = this.offline.at(-1);
    if (is && last !== undefined) last.toMs = Math.min(last.toMs, nowMs);
    if (!is && this.isOnline) this.offline.push({ fromMs: nowMs, toMs: Infinity });
  }

  /** Every socket breaks. */
  cut(): void {
    for (const breakOff of this.#sockets) breakOff();
  }

  http(alive: () => Promise<void>): Http {
    return {
      request: async (request) => {
        await alive();
        await this.#travel();
        if (this.#random.chance(this.faults.twice)) void this.#send(request).catch(() => undefined);
        const answer = await this.#send(request);
        await this.#travel();
        await alive();
        return answer;
      },
    };
  }

  connect(alive: () => Promise<void>): Connect {
    return async ({ token, message, signal }) => {
      await alive();
      await this.#travel();
      signal.throwIfAborted();
      const headers = { authorization: `Bearer ${token}`, upgrade: "websocket", "sec-websocket-protocol": socketProtocol };
      const response = await this.#edge.fetch(new Request(`${origin}/v1/events`, { headers }));
      const webSocket = response.webSocket as unknown as FakeSocket | null;
      if (response.status !== 101 || webSocket === null) throw new Error(`the socket was refused with ${response.status}`);
      const closed = Promise.withResolvers<SocketClosed>();
      const end = (code: number, reason: string) => {
        this.#sockets.delete(breakOff);
        signal.removeEventListener("abort", giveUp);
        webSocket.close(code === lostCode ? 1000 : code, reason);
        closed.resolve({ code, reason });
      };
      const giveUp = () => end(1000, "given up");
      const breakOff = () => end(lostCode, "the line broke");
      this.#sockets.add(breakOff);
      let last = Promise.resolve();
      const deliver = async (before: Promise<void>, data: string) => {
        await before;
        await this.#clock.sleep(this.#random.below(1 + this.faults.latencyMs));
        if (!this.#sockets.has(breakOff)) return;
        if (!this.isOnline || this.#random.chance(this.faults.lost)) breakOff();
        else message(data);
      };
      webSocket.onMessage = (data) => {
        last = deliver(last, data);
      };
      webSocket.onClose = (code, reason) => end(code, reason);
      signal.addEventListener("abort", giveUp);
      const say = (text: string) => void (this.#sockets.has(breakOff) && webSocket.send(text));
      const send = (text: string) => (isHint(text) ? void this.#hint(() => say(text)) : say(text));
      return { closed: closed.promise, send, close: end };
    };
  }

  /** Nothing may depend on it, so it may be late, lost or repeated, where what is said otherwise ends the socket. */
  async #hint(say: () => void): Promise<void> {
    await this.#clock.sleep(this.#random.below(1 + 10 * this.faults.latencyMs));
    if (!this.#random.chance(this.faults.lost)) say();
    if (this.#random.chance(this.faults.twice)) say();
  }

  async #travel(): Promise<void> {
    if (this.faults.latencyMs > 0) await this.#clock.sleep(this.#random.below(this.faults.latencyMs));
    if (!this.isOnline || this.#random.chance(this.faults.lost)) throw new Error("the line is dead");
  }

  async #send({ method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const init = { method, headers: { ...headers, ...length }, ...(body !== undefined && { body: new Uint8Array(body) }) };
    const response = await this.#edge.fetch(new Request(origin + path, init));
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  }
}
