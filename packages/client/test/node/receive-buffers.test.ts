import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { openHttp } from "@ashlar/client/node/http";
import type { HttpRequest } from "@ashlar/client/edge/http";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { recyclingConnector } from "../../src/node/receive-buffers.ts";
import { startServer } from "../support/server.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
/** A header's value of 7 KiB that no other index has. */
const note = (index: number) => `${index}-`.padEnd(7 * KiB, String.fromCharCode(97 + index));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Sends the bytes to whoever connects, and ends. */
async function startSender(bytes: Uint8Array): Promise<AsyncDisposable & { port: number }> {
  const server: Server = createServer((socket) => void socket.end(bytes));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() };
}

async function connect(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  recyclingConnector(5000)({ hostname: "127.0.0.1", host: "127.0.0.1", protocol: "http:", port: String(port) }, (...result) =>
    result[1] === null ? reject(result[0]) : resolve(result[1]),
  );
  return promise;
}

test("N24 a connection reads into the same few buffers however much arrives", async () => {
  const sent = randomBytes(32 * MiB);
  await using sender = await startSender(sent);
  const socket = await connect(sender.port);
  const hash = createHash("sha256");
  const memories = new Set<ArrayBufferLike>();
  socket.on("readable", () => {
    for (let piece = read(socket); piece !== null; piece = read(socket)) {
      hash.update(piece);
      if (piece.length > 32 * KiB) memories.add(piece.buffer);
    }
  });
  await once(socket, "end");
  expect(hash.digest("hex")).toBe(sha256(sent));
  expect(memories.size).toBeGreaterThan(0);
  expect(memories.size).toBeLessThanOrEqual(3);
});

test("N24 what was not read yet is not written over, whatever the reader's pace", async () => {
  const sent = randomBytes(2 * MiB);
  await using sender = await startSender(sent);
  const step = fc.record({ turns: fc.integer({ min: 0, max: 3 }), bytes: fc.integer({ min: 1, max: 300 * KiB }) });
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(step), async (steps) => {
      const socket = await connect(sender.port);
      const pieces: Uint8Array[] = [];
      while (!socket.readableEnded) {
        const { turns, bytes } = steps.next().value ?? { turns: 0, bytes: 1 };
        for (let passed = 0; passed <= turns; passed++) await turn();
        const piece = read(socket, Math.min(bytes, socket.readableLength)) ?? read(socket);
        if (piece !== null) pieces.push(Uint8Array.from(piece));
      }
      expect(Buffer.compare(Buffer.concat(pieces), sent)).toBe(0);
    }),
    { numRuns: 20 },
  );
});

test("N24 heads that come in pieces and long bodies do not mix, over many connections", async () => {
  const sent = Array.from({ length: 24 }, () => randomBytes(700 * KiB));
  await using server = await startServer(async ({ url }, response) => {
    const { socket } = response;
    const index = Number(url?.slice(1));
    const body = sent[index] ?? Buffer.alloc(0);
    const head = `HTTP/1.1 200 OK\r\nx-note: ${note(index)}\r\ncontent-length: ${body.length}\r\n\r\n`;
    for (let at = 0; at < head.length; at += 2000) {
      socket?.write(head.slice(at, at + 2000));
      await turn();
    }
    socket?.write(body, () => response.detachSocket(socket));
  });
  await using http = openHttp(server.origin);
  const get: HttpRequest = { method: "GET", path: "/", headers: {}, body: undefined, answerBytesMax: MiB, signal: undefined };
  const answers = await Promise.all(sent.map((_, index) => http.request({ ...get, path: `/${index}` })));
  expect(answers.map(({ headers }) => headers["x-note"])).toEqual(sent.map((_, index) => note(index)));
  expect(answers.map(({ body }) => sha256(body))).toEqual(sent.map(sha256));
});

function read(socket: Socket, bytes?: number): Buffer | null {
  const piece: unknown = socket.read(bytes);
  return Buffer.isBuffer(piece) ? piece : null;
}
