/** {@link Connect} by Node's own WebSocket, which takes headers, so that the token is in none of the server's address logs. */
import { socketProtocol } from "@ashlar/shared/protocol/change";
import { protocolVersion, versionHeader } from "@ashlar/shared/protocol/version";
import { type Connect, whenOpen } from "../feed/socket.ts";

export function socketConnector(origin: URL): Connect {
  const url = new URL("/v1/events", origin);
  url.protocol = origin.protocol === "https:" ? "wss:" : "ws:";
  return async ({ token, message, signal }) => {
    signal.throwIfAborted();
    const headers = { authorization: `Bearer ${token}`, [versionHeader]: String(protocolVersion) };
    return whenOpen(new WebSocket(url, { protocols: [socketProtocol], headers }), { message, signal });
  };
}
