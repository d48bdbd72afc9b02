/**
 * A slow link between a client and a server on one machine, in user space: a TCP relay with a delay and a rate for each direction
 * that all connections share. A connection costs a round trip before its first byte, as TCP's handshake does. Slow start, loss and
 * the headers of TCP are left out: what is measured over it is at best what a real link of that kind gives.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type LinkClock, realClock } from "./clock.ts";
import { Lane, type LaneOptions } from "./lane.ts";

export type LinkOptions = {
  /** Port of the server, on this machine. */
  readonly port: number;
  readonly up: LaneOptions;
  readonly down: LaneOptions;
  readonly clock?: LinkClock;
};

export type LinkCounts = { readonly upBytes: number; readonly downBytes: number; readonly connections: number };

export type Link = AsyncDisposable & {
  readonly port: number;
  readonly url: string;
  counts(): LinkCounts;
};

/** A sender is stopped while the lane has more than this to do: the rest waits in its own socket, as on a real link. */
const backlogMsMax = 10;

export async function openLink({ port, up, down, clock = realClock }: LinkOptions): Promise<Link> {
  const lanes = { up: new Lane(up), down: new Lane(down) };
  const sockets = new Set<Socket>();
  let connections = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.setNoDelay(true));
    // What goes wrong with one end is told to the other by its close.
    return socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    connections++;
    keep(near);
    const openedMs = clock.now();
    clock.at(openedMs + up.delayMs, () => {
      const far = keep(connect({ port, host: "127.0.0.1", allowHalfOpen: true }));
      relay(far, near, lanes.down, { clock, delayMs: down.delayMs });
      // The client may speak when it has heard that it is connected.
      clock.at(openedMs + up.delayMs + down.delayMs, () => relay(near, far, lanes.up, { clock, delayMs: up.delayMs }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the link has no port");
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    counts: () => ({ upBytes: lanes.up.bytes, downBytes: lanes.down.bytes, connections }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What comes from one end goes to the other when the lane says so, and in its order: bytes, end and close. */
function relay(from: Socket, to: Socket, lane: Lane, { clock, delayMs }: { clock: LinkClock; delayMs: number }): void {
  const later = new InOrder(clock);
  from.on("data", (chunk: Buffer) => {
    later.at(lane.send(clock.now(), chunk.length), () => {
      if (!to.destroyed) to.write(chunk);
    });
    const backlogMs = lane.backlogMs(clock.now());
    if (backlogMs <= backlogMsMax) return;
    from.pause();
    clock.at(clock.now() + backlogMs - backlogMsMax, () => from.resume());
  });
  from.once("end", () => later.at(clock.now() + delayMs, () => to.end()));
  const pass = (failed: boolean) => later.at(clock.now() + delayMs, () => void (failed ? to.destroy() : to.end()));
  from.once("close", pass);
  // It may have gone while the connection was set up.
  if (from.destroyed) pass(true);
  from.resume();
}

/** Callbacks at their times, never one before another that was asked for earlier. */
class InOrder {
  readonly #clock: LinkClock;
  readonly #waiting: { timeMs: number; callback: () => void }[] = [];
  #isArmed = false;

  constructor(clock: LinkClock) {
    this.#clock = clock;
  }

  at(timeMs: number, callback: () => void): void {
    this.#waiting.push({ timeMs, callback });
    this.#arm();
  }

  #arm(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.at(next.timeMs, () => this.#run());
  }

  #run(): void {
    this.#isArmed = false;
    for (let next = this.#waiting[0]; next !== undefined && next.timeMs <= this.#clock.now(); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.callback();
    }
    this.#arm();
  }
}
