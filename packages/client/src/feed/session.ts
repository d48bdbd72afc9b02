/** One life of the socket: from hello until it closes, with somebody at the other end all the while. */
import { connectMsMax, pingMs, pongMsMax } from "@ashlar/shared/limits";
import { closeCodes, type DeviceMessage, type Hello, type ServerMessage, serverMessageSchema } from "@ashlar/shared/protocol/change";
import type { Clock } from "../ports.ts";
import type { Connect, Socket, SocketClosed } from "./socket.ts";

export type SessionOptions = {
  readonly connect: Connect;
  readonly token: string;
  /** Asked when the socket is open. */
  readonly hello: () => Hello;
  /** Handed what says something to the server, for as long as this life lasts. */
  readonly greeted: (say: (message: DeviceMessage) => void) => void;
  readonly message: (message: ServerMessage) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** RFC 6455 section 7.4.1. */
const normalCode = 1000;

/** Resolves when the connection has ended, from whichever side. Rejects when it could not be opened, or with the signal's reason. */
export async function runSession(options: SessionOptions): Promise<SocketClosed> {
  const { hello, message, clock, signal } = options;
  const over = new AbortController();
  const ending = Promise.withResolvers<SocketClosed>();
  let heard = 0;
  let greeted = false;

  const hear = (text: string | undefined) => {
    heard++;
    if (over.signal.aborted || text === "pong") return;
    const understood = parse(text);
    if (understood === undefined) {
      over.abort();
      ending.resolve({ code: closeCodes.badMessage, reason: "the server said something that this version does not understand" });
      return;
    }
    if (!greeted) options.greeted((said) => over.signal.aborted || socket.send(JSON.stringify(said)));
    greeted = true;
    message(understood);
  };

  const socket = await open(options, hear);

  /** Resolves when the other end is dead: a lost network closes no socket. */
  const watchSilence = async (): Promise<SocketClosed> => {
    for (;;) {
      await clock.sleep(pingMs, over.signal);
      if (!greeted) return { code: normalCode, reason: "the server did not answer hello" };
      const heardBefore = heard;
      socket.send("ping");
      await clock.sleep(pongMsMax, over.signal);
      if (heard === heardBefore) return { code: normalCode, reason: "the server fell silent" };
    }
  };
  const stop = () => ending.resolve({ code: normalCode, reason: "this device stopped" });
  signal.addEventListener("abort", stop, { once: true });
  try {
    socket.send(JSON.stringify(hello()));
    const ours = Promise.race([ending.promise, watchSilence()]);
    const end = await Promise.race([
      socket.closed.then((closed) => ({ by: "peer" as const, closed })),
      ours.then((closed) => ({ by: "us" as const, closed })),
    ]);
    if (end.by === "us") socket.close(end.closed.code, end.closed.reason);
    return end.closed;
  } finally {
    signal.removeEventListener("abort", stop);
    over.abort();
  }
}

async function open({ connect, token, clock, signal }: SessionOptions, message: (text: string | undefined) => void): Promise<Socket> {
  const late = new AbortController();
  const opened = new AbortController();
  clock.sleep(connectMsMax, opened.signal).then(
    () => late.abort(new Error("the server did not open a socket in time")),
    () => undefined,
  );
  try {
    return await connect({ token, message, signal: AbortSignal.any([signal, late.signal]) });
  } finally {
    opened.abort();
  }
}

function parse(text: string | undefined): ServerMessage | undefined {
  if (text === undefined) return undefined;
  try {
    return serverMessageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
