/** Many sockets of one account. */
import { socketProtocol } from "@ashlar/shared/protocol/change";
import { socketsPerDeviceMax } from "@ashlar/shared/limits";
import type { Account } from "./account.ts";

const openedAtOnce = 50;
const giveUpMs = 60_000;

export type Crowd = Disposable & {
  readonly size: number;
  /** Resolves when every socket has been told of changes, once each, since this was asked. */
  told(): Promise<void>;
};

/** All of them greeted. Each device has as many as it may. */
export async function openCrowd(url: string, account: Account, count: number): Promise<Crowd> {
  const sockets: WebSocket[] = [];
  let heard = 0;
  let wake: (() => void) | undefined;
  const hear = (event: MessageEvent) => {
    if (!String(event.data).startsWith('{"type":"changes"')) return;
    heard++;
    if (heard === count) wake?.();
  };
  for (let at = 0; at < count; at += openedAtOnce) {
    const many = Math.min(openedAtOnce, count - at);
    const tokens = Array.from({ length: Math.ceil(many / socketsPerDeviceMax) }, () => account.anotherDevice());
    const opened = Array.from({ length: many }, (_, index) => greeted(url, tokens[Math.floor(index / socketsPerDeviceMax)] ?? "", hear));
    sockets.push(...(await Promise.all(opened)));
  }
  return {
    size: sockets.length,
    async told() {
      heard = 0;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${heard} of ${count} sockets were told`)), giveUpMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.close(1000);
    },
  };
}

async function greeted(url: string, token: string, hear: (event: MessageEvent) => void): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/events`, {
    protocols: [socketProtocol],
    headers: { authorization: `Bearer ${token}` },
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "hello", epoch: null, cursor: 0 })), { once: true });
    socket.addEventListener("message", () => resolve(), { once: true });
    socket.addEventListener("close", ({ code, reason }) => reject(new Error(`a socket closed: ${code} ${reason}`)), { once: true });
    socket.addEventListener("error", () => reject(new Error("a socket failed")), { once: true });
  });
  socket.addEventListener("message", hear);
  return socket;
}
