import type { Connect, ConnectOptions, SocketClosed } from "@ashlar/client/feed/socket";

/** The server's end of one socket. */
type Peer = {
  readonly token: string;
  /** What the device said, in order. */
  readonly heard: string[];
  /** How the device closed it; undefined while it has not. */
  closedByDevice: SocketClosed | undefined;
  say(message: unknown): void;
  sayText(text: string | undefined): void;
  close(code: number, reason?: string): void;
};

/** Opens as told: an error refuses, "never" keeps the device waiting. */
export function fakeSockets(how: () => "open" | "never" | Error = () => "open") {
  const peers: Peer[] = [];
  const attempts: ConnectOptions[] = [];
  const connect: Connect = async (options) => {
    attempts.push(options);
    const opening = how();
    if (opening instanceof Error) throw opening;
    const aborted = Promise.withResolvers<never>();
    options.signal.addEventListener("abort", () => aborted.reject(options.signal.reason), { once: true });
    if (opening === "never") return aborted.promise;
    aborted.promise.catch(() => undefined);
    const closed = Promise.withResolvers<SocketClosed>();
    const peer: Peer = {
      token: options.token,
      heard: [],
      closedByDevice: undefined,
      say: (message) => options.message(JSON.stringify(message)),
      sayText: options.message,
      close: (code, reason = "") => closed.resolve({ code, reason }),
    };
    peers.push(peer);
    return {
      closed: closed.promise,
      send: (text) => void peer.heard.push(text),
      close(code, reason) {
        peer.closedByDevice = { code, reason };
        closed.resolve({ code: 1006, reason });
      },
    };
  };
  return { connect, peers, attempts };
}
