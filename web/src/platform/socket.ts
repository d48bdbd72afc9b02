/** {@link Connect} by the browser's WebSocket, which takes no headers: the token is offered as a subprotocol, never in the address. */
import type { Connect, Socket, SocketClosed } from "@ashlar/client/feed/socket";
import { answerBytesMax } from "@ashlar/shared/limits";
import { socketProtocol, socketTokenPrefix } from "@ashlar/shared/protocol/change";

/** The code that RFC 6455 section 7.1.5 gives to a connection that was lost without a closing handshake. */
const lostCode = 1006;

export const connectSocket: Connect = ({ token, message, signal }) => {
  signal.throwIfAborted();
  const url = new URL("/v1/events", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, [socketProtocol, socketTokenPrefix + token]);
  const opened = Promise.withResolvers<Socket>();
  const closed = Promise.withResolvers<SocketClosed>();
  const abort = () => {
    opened.reject(signal.reason instanceof Error ? signal.reason : new Error("given up"));
    closed.resolve({ code: lostCode, reason: "given up" });
    socket.close();
  };
  signal.addEventListener("abort", abort, { once: true });
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    message(typeof data === "string" && data.length <= answerBytesMax ? data : undefined);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    signal.removeEventListener("abort", abort);
    opened.reject(new Error(`the socket closed with code ${code} before it opened`));
    closed.resolve({ code, reason });
  });
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
};
