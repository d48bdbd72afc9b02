/** {@link Connect} by Node's own WebSocket, which takes headers, so that the token is in none of the server's address logs. */
import { answerBytesMax } from "@ashlar/shared/limits";
import { socketProtocol } from "@ashlar/shared/protocol/change";
import { protocolVersion, versionHeader } from "@ashlar/shared/protocol/version";
import type { Connect, Socket, SocketClosed } from "../feed/socket.ts";

/** The code that RFC 6455 section 7.1.5 gives to a connection that was lost without a closing handshake. */
const lostCode = 1006;

export function socketConnector(origin: URL): Connect {
  const url = new URL("/v1/events", origin);
  url.protocol = origin.protocol === "https:" ? "wss:" : "ws:";
  return async ({ token, message, signal }) => {
    signal.throwIfAborted();
    const headers = { authorization: `Bearer ${token}`, [versionHeader]: String(protocolVersion) };
    const socket = new WebSocket(url, { protocols: [socketProtocol], headers });
    const opened = Promise.withResolvers<Socket>();
    const closed = Promise.withResolvers<SocketClosed>();
    const abort = () => {
      opened.reject(signal.reason);
      closed.resolve({ code: lostCode, reason: "given up" });
      socket.close();
    };
    signal.addEventListener("abort", abort, { once: true });

    socket.addEventListener("message", (event) => {
      const data: unknown = event.data;
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
  };
}
