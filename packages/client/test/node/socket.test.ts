import { socketConnector } from "@ashlar/client/node/socket";
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { startServer } from "../support/server.ts";

/** RFC 6455 section 4.2.2, and a text frame of section 5.2. */
function accept({ headers }: IncomingMessage, socket: Duplex): void {
  const key = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: Upgrade", `sec-websocket-accept: ${key}`];
  socket.write([...lines, "sec-websocket-protocol: ashlar.v1", "", ""].join("\r\n"));
}
const textFrame = (text: string) => Buffer.concat([Buffer.of(0x81, Buffer.byteLength(text)), Buffer.from(text)]);
const closeFrame = (code: number, reason: string) =>
  Buffer.concat([Buffer.of(0x88, 2 + Buffer.byteLength(reason), code >> 8, code & 0xff), Buffer.from(reason)]);

type Upgrade = (request: IncomingMessage, socket: Duplex) => void;

async function serverOn(upgrade: Upgrade) {
  const server = await startServer((_, response) => void response.writeHead(401).end());
  const sockets = new Set<Duplex>();
  server.raw.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    upgrade(request, socket);
  });
  return {
    origin: server.origin,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("F1 the socket carries the token in a header, not in the address, and offers the subprotocol", async () => {
  const asked = Promise.withResolvers<IncomingMessage>();
  await using server = await serverOn((request, socket) => {
    accept(request, socket);
    asked.resolve(request);
  });
  const socket = await socketConnector(server.origin)({ token: "secret", message: () => undefined, signal: new AbortController().signal });
  const { url, headers } = await asked.promise;
  expect(url).toBe("/v1/events");
  expect(headers).toMatchObject({ authorization: "Bearer secret", "sec-websocket-protocol": "ashlar.v1", "ashlar-protocol": "1" });
  socket.close(1000, "done");
  await socket.closed;
});

test("F1 messages come in order, then the code and the reason of the end", async () => {
  await using server = await serverOn((request, socket) => {
    accept(request, socket);
    socket.write(Buffer.concat([textFrame("one"), textFrame("two"), closeFrame(4401, "token expired")]));
    socket.once("data", () => socket.end());
  });
  const heard: (string | undefined)[] = [];
  const socket = await socketConnector(server.origin)({
    token: "t",
    message: (text) => heard.push(text),
    signal: new AbortController().signal,
  });
  await expect(socket.closed).resolves.toEqual({ code: 4401, reason: "token expired" });
  expect(heard).toEqual(["one", "two"]);
});

test("F1 a server that refuses the socket, or is not there, is a failure to connect", async () => {
  const server = await serverOn((_, socket) => void socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"));
  const connect = socketConnector(server.origin);
  const options = { token: "t", message: () => undefined, signal: new AbortController().signal };
  await expect(connect(options)).rejects.toThrow(/did not open a socket|before it opened/);
  await server[Symbol.asyncDispose]();
  await expect(connect(options)).rejects.toThrow(/did not open a socket|before it opened/);
});

test("F1 an abort ends the wait for a socket, and an open socket", async () => {
  const stop = new AbortController();
  const options = { token: "t", message: () => undefined, signal: stop.signal };
  await using silent = await serverOn(() => undefined);
  await using talking = await serverOn(accept);
  const waiting = socketConnector(silent.origin)(options).catch((error: unknown) => error);
  const open = await socketConnector(talking.origin)(options);
  stop.abort(new Error("enough"));
  await expect(waiting).resolves.toMatchObject({ message: "enough" });
  await expect(open.closed).resolves.toMatchObject({ code: 1006 });
});
