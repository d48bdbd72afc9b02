/**
 * What the Workers take from their runtime's global scope, made of one seed and one clock: with these in place the Workers' own
 * code runs in this process, and runs again exactly.
 */
import crypto, { createHmac, timingSafeEqual } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import type { ManualClock } from "../../../packages/client/test/support/manual-clock.ts";
import type { Random } from "../../../packages/client/test/support/random.ts";
import { FakeSocket } from "./socket-pair.ts";

type Key = { readonly bytes: Uint8Array };

/** HMAC-SHA-256 at once, where the real one answers from another thread in whatever order. */
const subtle = {
  importKey: async (_format: string, bytes: Uint8Array): Promise<Key> => ({ bytes }),
  sign: async (_algorithm: unknown, { bytes }: Key, data: Uint8Array) => hmac(bytes, data),
  verify: async (_algorithm: unknown, { bytes }: Key, signature: Uint8Array, data: Uint8Array) => {
    const right = hmac(bytes, data);
    const said = new Uint8Array(signature);
    return said.length === right.length && timingSafeEqual(said, right);
  },
};

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

/** Passwords are not what is proven here, and the real one is slow on purpose. */
function quickScrypt(password: string, salt: Uint8Array, bytes: number, _options: unknown, done: (error: null, key: Buffer) => void): void {
  done(null, createHmac("sha512", salt).update(password).digest().subarray(0, bytes));
}

class SocketPair {
  readonly 0 = new FakeSocket();
  readonly 1 = new FakeSocket();

  constructor() {
    this[0].meet(this[1]);
  }
}

class AutoResponsePair {
  readonly request: string;
  readonly response: string;

  constructor(request: string, response: string) {
    this.request = request;
    this.response = response;
  }
}

/** An upgrade's answer, which Node's own class does not allow. */
class UpgradingResponse extends Response {
  override readonly webSocket: WebSocket | null;

  constructor(body?: BodyInit | null, init: ResponseInit & { webSocket?: FakeSocket } = {}) {
    const { webSocket, ...rest } = init;
    super(body, init.status === 101 ? { ...rest, status: 200 } : rest);
    this.webSocket = webSocket ?? null;
    if (init.status === 101) Object.defineProperty(this, "status", { value: 101 });
  }
}

/** Replaces the globals for the time of one run; the answer puts them back. */
export function usePlatform(clock: ManualClock, random: Random): () => void {
  const replaced = {
    crypto: { subtle, getRandomValues: (bytes: Uint8Array) => (bytes.set(random.bytes(bytes.length)), bytes) },
    WebSocketPair: SocketPair,
    WebSocketRequestResponsePair: AutoResponsePair,
    WebSocket: { OPEN: 1 },
    Response: UpgradingResponse,
    scheduler: { wait: (ms: number) => clock.sleep(ms) },
  };
  const before = Object.keys(replaced).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  const realNow = Date.now;
  for (const [name, value] of Object.entries(replaced))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  const realScrypt = crypto.scrypt;
  Date.now = () => clock.now();
  Object.assign(crypto, { scrypt: quickScrypt });
  syncBuiltinESMExports();
  return () => {
    Date.now = realNow;
    Object.assign(crypto, { scrypt: realScrypt });
    syncBuiltinESMExports();
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  };
}
