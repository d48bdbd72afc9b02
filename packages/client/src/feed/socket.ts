/** A WebSocket to `GET /v1/events` as the feed needs it. */
import { answerBytesMax } from "@ashlar/shared/limits";

export type SocketClosed = { readonly code: number; readonly reason: string };

export type Socket = {
  send(text: string): void;
  /** Resolves however the connection ends, the local {@link close} included. */
  readonly closed: Promise<SocketClosed>;
  close(code: number, reason: string): void;
};

export type ConnectOptions = {
  readonly token: string;
  /** Called for each message in order; undefined for one that is not text, or too long. */
  readonly message: (text: string | undefined) => void;
  readonly signal: AbortSignal;
};

/** Resolves when the socket is open. Rejects with an error that says why it did not open. */
export type Connect = (options: ConnectOptions) => Promise<Socket>;

/** The WebSocket that browsers and Node have alike. */
type WebSocketLike = {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: SocketClosed) => void): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
};

/** The code that RFC 6455 section 7.1.5 gives to a connection that was lost without a closing handshake. */
const lostCode = 1006;

/** Resolves when the socket, just made, is open; rejects when it does not open, or with the signal's reason. */
export function whenOpen(socket: WebSocketLike, { message, signal }: Omit<ConnectOptions, "token">): Promise<Socket> {
  const opened = Promise.withResolvers<Socket>();
  const closed = Promise.withResolvers<SocketClosed>();
  const abort = () => {
    opened.reject(signal.reason instanceof Error ? signal.reason : new Error("given up"));
    closed.resolve({ code: lostCode, reason: "given up" });
    socket.close();
  };
  signal.addEventListener("abort", abort, { once: true });

  socket.addEventListener("message", ({ data }) => {
    message(typeof data === "string" && data.length <= answerBytesMax ? data : undefined);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    signal.removeEventListener("abort", abort);
    opened.reject(new Error(`the socket closed with code ${code} before it opened`));
    closed.resolve({ code, reason });
  });
  // The handshake's status is not told: polling meets the same refusal, and says it.
  socket.addEventListener("error", () => opened.reject(new Error("the server did not open a socket")));
  socket.addEventListener("open", () => {
    opened.resolve({
      closed: closed.promise,
      send: (text) => socket.send(text),
      close(code, reason) {
        socket.close(code, reason);
        // A dead peer never answers the closing handshake.
        closed.resolve({ code: lostCode, reason });
      },
    });
  });
  return opened.promise;
}
