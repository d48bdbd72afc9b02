/** {@link Connect} by the browser's WebSocket, which takes no headers: the token is offered as a subprotocol, never in the address. */
import { type Connect, whenOpen } from "@ashlar/client/feed/socket";
import { socketProtocol, socketTokenPrefix } from "@ashlar/shared/protocol/change";

export const connectSocket: Connect = async ({ token, message, signal }) => {
  signal.throwIfAborted();
  const url = new URL("/v1/events", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return whenOpen(new WebSocket(url, [socketProtocol, socketTokenPrefix + token]), { message, signal });
};
