/** The user's sockets. They outlive the object's memory (hibernation): all that is known of one is in its attachment. */
import { closeCodes, type ServerMessage, socketProtocol } from "@ashlar/shared/protocol/change";
import { socketsPerDeviceMax } from "@ashlar/shared/limits";
import type { SocketIdentity } from "./socket-identity.ts";

/** A socket is told of changes once it has said from where, and was answered. */
export type SocketState = SocketIdentity & { readonly phase: "silent" | "greeted" | "following" };

const goingAway = 1001;
/** Codes that stand for "no code", which nobody may send. */
const unsendableCodes = new Set([1004, 1005, 1006, 1015]);

export class Sockets {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    // Answered by the runtime while the object sleeps.
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** The answer to an upgrade. A device that comes back over and over loses its oldest sockets: they are dead ones by then. */
  accept(identity: SocketIdentity): Response {
    const mine = this.#ctx.getWebSockets(identity.device);
    for (const socket of mine.slice(0, Math.max(0, mine.length - socketsPerDeviceMax + 1))) close(socket, goingAway, "too many sockets");
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#ctx.acceptWebSocket(server, [identity.device]);
    setState(server, { ...identity, phase: "silent" });
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": socketProtocol } });
  }

  following(): { socket: WebSocket; state: SocketState }[] {
    const all = this.#ctx.getWebSockets().map((socket) => ({ socket, state: stateOf(socket) }));
    return all.filter(({ socket, state }) => state.phase === "following" && socket.readyState === WebSocket.OPEN);
  }

  /** Nobody looks a token up, so a socket lasts no longer than the one that opened it. Answers when the next one ends. */
  closeExpired(now: number): number | undefined {
    let next: number | undefined;
    for (const socket of this.#ctx.getWebSockets()) {
      const { expiresAt } = stateOf(socket);
      if (expiresAt <= now) close(socket, closeCodes.unauthenticated, "the access token has expired");
      else next = Math.min(expiresAt, next ?? expiresAt);
    }
    return next;
  }

  closeDevice(device: string): void {
    for (const socket of this.#ctx.getWebSockets(device)) close(socket, closeCodes.revoked, "this device was signed out");
  }
}

export function stateOf(socket: WebSocket): SocketState {
  return socket.deserializeAttachment() as SocketState;
}

export function setState(socket: WebSocket, state: SocketState): void {
  socket.serializeAttachment(state);
}

/** Never waits and never fails: a slow or dead socket is its own device's trouble, which comes back with its cursor. */
export function send(socket: WebSocket, message: ServerMessage | string): void {
  try {
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
  } catch (error) {
    console.warn("a socket could not be written to", error);
  }
}

/** Also answers a close: without it the other side sees 1006, an abnormal end. */
export function close(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(unsendableCodes.has(code) ? 1000 : code, reason);
  } catch (error) {
    console.warn("a socket could not be closed", error);
  }
}
