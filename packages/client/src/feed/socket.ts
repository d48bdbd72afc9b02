/** A WebSocket to `GET /v1/events` as the feed needs it. */

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
