/**
 * Stands between a device and the edge: counts what goes through, and breaks it off when told to. Its address stays
 * while the edge behind it is killed and started again.
 */
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { finished } from "node:stream";

export type Passed = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** 0 when the answer never came. */
  status: number;
  bytesUp: number;
  bytesDown: number;
};

export type Wire = { readonly up: number; readonly down: number };

export type Proxy = AsyncDisposable & {
  readonly url: string;
  /** Every request that came by, in the order of arrival. */
  readonly passed: readonly Passed[];
  /** Bytes of WebSocket and HTTP bodies, both ways together. */
  bytes(): number;
  /** All bytes between the device and here, with every header and frame. */
  wire(): Wire;
  /** Where requests go. */
  aim(url: string): void;
  /** Breaks off every connection, the sockets too; new ones are let through. */
  cut(): void;
  /** While offline, connections are accepted and broken off at once. */
  offline(is: boolean): void;
  /** Bodies of such requests stay here, from the next one on; undefined lets them go on. */
  hold(isHeld: ((passed: Passed) => boolean) | undefined): void;
  /** Told about every chunk that goes by: a place to count from and to cut at. */
  watch(listener: ((passed: Passed) => void) | undefined): void;
};

export async function startProxy(target: string): Promise<Proxy> {
  let aimed = new URL(target);
  let isOffline = false;
  let listener: ((passed: Passed) => void) | undefined;
  let isHeld: ((passed: Passed) => boolean) | undefined;
  const held = new Set<() => void>();
  let socketBytes = 0;
  const passed: Passed[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    // One that carries request after request is kept once.
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const agent = new Agent({ keepAlive: true });
  const counted = new Set<Socket>();
  const past = { up: 0, down: 0 };
  const count = (socket: Socket) => {
    counted.add(socket);
    socket.once("close", () => {
      counted.delete(socket);
      past.up += socket.bytesRead;
      past.down += socket.bytesWritten;
    });
  };

  const receive = (incoming: IncomingMessage, answer: ServerResponse) => {
    const record: Passed = { method: incoming.method ?? "", path: pathOf(incoming), status: 0, bytesUp: 0, bytesDown: 0 };
    passed.push(record);
    const outgoing = request({
      agent,
      host: aimed.hostname,
      port: aimed.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, host: aimed.host },
    });
    outgoing.on("socket", keep);
    const pass = () => {
      incoming.on("data", (chunk: Buffer) => {
        record.bytesUp += chunk.length;
        listener?.(record);
      });
      incoming.pipe(outgoing);
    };
    if (isHeld?.(record) === true) held.add(pass);
    else pass();
    // A device that is gone takes its request along.
    finished(incoming, (error) => error && outgoing.destroy());
    answer.once("close", () => outgoing.destroy());
    outgoing.on("error", () => answer.destroy());
    outgoing.on("response", (response) => {
      // What this proxy would add of its own is not the edge's.
      answer.sendDate = false;
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.on("data", (chunk: Buffer) => {
        record.bytesDown += chunk.length;
        listener?.(record);
      });
      response.once("end", () => (record.status = response.statusCode ?? 0));
      response.once("error", () => answer.destroy());
      response.pipe(answer);
    });
  };

  const server = createServer(receive);
  server.on("connection", (socket: Socket) => {
    count(socket);
    if (isOffline) socket.destroy();
    else keep(socket);
  });
  server.on("upgrade", (incoming: IncomingMessage, near: Socket, head: Buffer) => {
    passed.push({ method: "SOCKET", path: pathOf(incoming), status: 101, bytesUp: 0, bytesDown: 0 });
    const far = connect(Number(aimed.port), aimed.hostname, () => {
      const lines = incoming.rawHeaders.flatMap((value, index, all) => (index % 2 === 0 ? [`${value}: ${all[index + 1] ?? ""}`] : []));
      far.write(`GET ${incoming.url ?? "/"} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      far.write(head);
      for (const stream of [near, far]) stream.on("data", (chunk: Buffer) => (socketBytes += chunk.length));
      near.pipe(far).pipe(near);
    });
    keep(far);
    for (const stream of [near, far])
      stream.on("error", () => {
        near.destroy();
        far.destroy();
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    passed,
    bytes: () => passed.reduce((total, { bytesUp, bytesDown }) => total + bytesUp + bytesDown, socketBytes),
    wire: () => ({
      up: [...counted].reduce((total, { bytesRead }) => total + bytesRead, past.up),
      down: [...counted].reduce((total, { bytesWritten }) => total + bytesWritten, past.down),
    }),
    aim: (url) => void (aimed = new URL(url)),
    cut,
    offline(is) {
      isOffline = is;
      if (is) cut();
    },
    hold(next) {
      isHeld = next;
      if (next !== undefined) return;
      for (const pass of held) pass();
      held.clear();
    },
    watch: (next) => void (listener = next),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      cut();
      agent.destroy();
      await closed;
    },
  };
}

function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? "").replace(/\?.*$/, "");
}

/** Blocks that arrived whole: their hash, once for each time. */
export function blocksSent(proxy: Proxy): string[] {
  return proxy.passed
    .filter(({ method, status, path }) => method === "PUT" && status >= 200 && status < 300 && path.startsWith("/v1/blocks/"))
    .map(({ path }) => path.slice("/v1/blocks/".length));
}
