import { createCaller } from "@ashlar/client/edge/caller";
import type { HttpRequest } from "@ashlar/client/edge/http";
import { openHttp } from "@ashlar/client/node/http";
import { UnreachableError } from "@ashlar/client/ports";
import { answerHeadBytesMax, connectionsMax } from "@ashlar/shared/limits";
import { problemMediaType, problemOf, ProblemError } from "@ashlar/shared/protocol/problem";
import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { chanceAt, hastyClock } from "../support/clocks.ts";
import { startServer } from "../support/server.ts";

const get: HttpRequest = { method: "GET", path: "/v1/x?a=b", headers: {}, body: undefined, answerBytesMax: 1000, signal: undefined };
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("N9 method, path, headers and body arrive as they were given", async () => {
  await using server = await startServer((request, response) => {
    const { method, url, headers } = request;
    response.setHeader("X-Answer", ["a", "b"]);
    response.end(JSON.stringify({ method, url, b: headers["b"], length: headers["content-length"] }));
  });
  await using http = openHttp(server.origin);
  const { status, headers, body } = await http.request({ ...get, method: "DELETE", headers: { b: "c" }, body: new Uint8Array(3) });
  expect(JSON.parse(Buffer.from(body).toString())).toEqual({ method: "DELETE", url: "/v1/x?a=b", b: "c", length: "3" });
  expect([status, headers["x-answer"]]).toEqual([200, "a, b"]);
});

test.for([0, 1, 256 * 1024, 256 * 1024 + 1, 4 * 1024 * 1024])(
  "N18 a body of %i bytes arrives whole, its length said before",
  async (size) => {
    await using server = await startServer(async (request, response) => {
      response.end(`${request.headers["content-length"]} ${sha256(await buffer(request))}`);
    });
    await using http = openHttp(server.origin);
    const body = randomBytes(size);
    const answer = await http.request({ ...get, method: "PUT", body });
    expect(Buffer.from(answer.body).toString()).toBe(`${size} ${sha256(body)}`);
  },
);

test("N5 an answer is read up to its bound and no further, whether it says its length or not", async () => {
  await using server = await startServer(({ url }, response) => {
    const [, size, mode] = /(\d+)-(\w+)/.exec(url ?? "") ?? [];
    if (mode === "announced") response.setHeader("content-length", Number(size));
    response.write(Buffer.alloc(1));
    setImmediate(() => response.end(Buffer.alloc(Number(size) - 1)));
  });
  await using http = openHttp(server.origin);
  for (const mode of ["announced", "streamed"]) {
    await expect(http.request({ ...get, path: `/1000-${mode}` })).resolves.toMatchObject({ body: { length: 1000 } });
    await expect(http.request({ ...get, path: `/1001-${mode}` })).rejects.toThrow(RangeError);
    await expect(http.request({ ...get, path: `/100000000-${mode}` })).rejects.toThrow(RangeError);
  }
});

test("N5 a head is read up to 8 KiB of names and values", async () => {
  const counted = "content-length0x".length;
  await using server = await startServer(({ url }, response) => {
    const note = "n".repeat(Number(url?.slice(1)) - counted);
    response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ${note}\r\n\r\n`);
  });
  await using http = openHttp(server.origin);
  await expect(http.request({ ...get, path: `/${answerHeadBytesMax}` })).resolves.toMatchObject({ status: 200 });
  await expect(http.request({ ...get, path: `/${answerHeadBytesMax + 1}` })).rejects.toThrow(/Headers Overflow/);
});

test.for([
  ["announced", 100, true],
  ["announced", 101, false],
  ["streamed", 100, true],
  ["streamed", 101, false],
] as const)("N23 an answer that is %s with %i bytes goes into the memory handed in, if it fits", async ([mode, size, fits]) => {
  const sent = randomBytes(size);
  await using server = await startServer((_, response) => {
    if (mode === "announced") response.setHeader("content-length", size);
    response.write(sent.subarray(0, 60));
    setImmediate(() => response.end(sent.subarray(60)));
  });
  await using http = openHttp(server.origin);
  const into = new Uint8Array(100);
  const { body } = await http.request({ ...get, into });
  expect(Buffer.compare(body, sent)).toBe(0);
  expect(body.buffer === into.buffer).toBe(fits);
});

test("N23 what follows an answer's announced end is no part of it, and spoils nothing", async () => {
  await using server = await startServer(({ url }, response) => {
    if (url === "/tidy") return void response.end("tidy");
    response.socket?.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1234567890");
  });
  await using http = openHttp(server.origin);
  const into = new Uint8Array(10);
  const { body } = await http.request({ ...get, into });
  expect(Buffer.from(body).toString()).toBe("12345");
  expect([...into.subarray(5)]).toEqual([0, 0, 0, 0, 0]);
  const call = createCaller({ http, clock: hastyClock(), random: chanceAt(0) });
  const tidy = await call({ method: "GET", path: "/tidy" });
  expect(Buffer.from(tidy.body).toString()).toBe("tidy");
});

test("N23 after an abort in the middle nothing is written to the memory any more", async () => {
  const torn = Promise.withResolvers<void>();
  await using server = await startServer((request, response) => {
    request.socket.once("close", () => torn.resolve());
    response.setHeader("content-length", 4 * 1024 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 1)));
    };
    response.on("drain", more);
    more();
  });
  await using http = openHttp(server.origin);
  const into = new Uint8Array(4 * 1024 * 1024);
  const stop = new AbortController();
  const answer = http.request({ ...get, answerBytesMax: into.length, into, signal: stop.signal });
  const failure = answer.catch((error: unknown) => error);
  while (into[0] === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error("enough"));
  await expect(failure).resolves.toMatchObject({ message: "enough" });
  into.fill(2);
  await torn.promise;
  expect(into.every((byte) => byte === 2)).toBe(true);
});

test("N8 a request that was aborted while it waited for a connection is never sent", async () => {
  const asked: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  await using server = await startServer(async ({ url }, response) => {
    asked.push(url);
    await gate.promise;
    response.end();
  });
  await using http = openHttp(server.origin);
  const busy = Array.from({ length: connectionsMax }, () => http.request({ ...get, path: "/busy" }));
  const stop = new AbortController();
  const waiting = http.request({ ...get, path: "/waiting", signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(http.request({ ...get, path: "/late", signal: stop.signal })).rejects.toThrow("enough");
  gate.resolve();
  await Promise.all(busy);
  await http.request({ ...get, path: "/last" });
  expect(asked.filter((url) => url !== "/busy")).toEqual(["/last"]);
});

test("N6 an answer cut short is no answer, and is asked for again", async () => {
  let asked = 0;
  await using server = await startServer((_, response) => {
    asked++;
    response.setHeader("content-length", 10);
    response.write("12345");
    if (asked < 3) setImmediate(() => response.destroy());
    else response.end("67890");
  });
  await using http = openHttp(server.origin);
  const call = createCaller({ http, clock: hastyClock(), random: chanceAt(0) });
  const { body } = await call({ method: "GET", path: "/" });
  expect([Buffer.from(body).toString(), asked]).toEqual(["1234567890", 3]);
});

test("N6 a chunked answer that never ends properly is no answer", async () => {
  await using server = await startServer((_, response) => {
    response.write("12345");
    setImmediate(() => response.destroy());
  });
  await using http = openHttp(server.origin);
  await expect(http.request(get)).rejects.toThrow(/terminated|closed/);
});

test("N6 a connection reset at any point is met by another try", async () => {
  let asked = 0;
  await using server = await startServer(async (request, response) => {
    asked++;
    if (asked === 1) request.socket.resetAndDestroy();
    else if (asked === 2) request.once("data", () => request.socket.resetAndDestroy());
    else response.end(sha256(await buffer(request)));
  });
  await using http = openHttp(server.origin);
  const call = createCaller({ http, clock: hastyClock(), random: chanceAt(0) });
  const body = randomBytes(2_000_000);
  const answer = await call({ method: "PUT", path: "/", body });
  expect([Buffer.from(answer.body).toString(), asked]).toEqual([sha256(body), 3]);
});

test("N1 a server that is not there is told as unreachable, with the reason", async () => {
  const server = await startServer(() => undefined);
  await server[Symbol.asyncDispose]();
  await using http = openHttp(server.origin);
  const call = createCaller({ http, clock: hastyClock(), random: chanceAt(0) });
  const failure = call({ method: "GET", path: "/" });
  await expect(failure).rejects.toThrow(UnreachableError);
  await expect(failure).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
});

test("N2 a server that is busy is asked again after the time it names", async () => {
  let asked = 0;
  await using server = await startServer((_, response) => {
    const busy = problemOf(new ProblemError("try-again"));
    if (asked++ > 0) return void response.end("{}");
    return void response.writeHead(busy.status, { "content-type": problemMediaType, "retry-after": "3" }).end(JSON.stringify(busy));
  });
  await using http = openHttp(server.origin);
  const clock = hastyClock();
  await createCaller({ http, clock, random: chanceAt(0) })({ method: "GET", path: "/" });
  expect(clock.sleeps).toEqual([3000]);
});

test("N7 a server that falls silent before or in its answer is given up", async () => {
  await using server = await startServer(({ url }, response) => {
    if (url === "/midway") response.write("12345");
  });
  await using http = openHttp(server.origin, { silenceMs: 50 });
  await expect(http.request({ ...get, path: "/never" })).rejects.toThrow(/Timeout/);
  await expect(http.request({ ...get, path: "/midway" })).rejects.toThrow(/Timeout/);
});

test("N7 an answer is waited for as long as bytes flow", async () => {
  await using server = await startServer(async (_, response) => {
    for (let count = 0; count < 6; count++) {
      response.write("x");
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    response.end();
  });
  await using http = openHttp(server.origin, { silenceMs: 1500 });
  await expect(http.request(get)).resolves.toMatchObject({ body: { length: 6 } });
});

test("N8 an abort tears the request down at the server too", async () => {
  const torn = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using server = await startServer((request) => {
    request.socket.once("close", () => torn.resolve());
    arrived.resolve();
  });
  await using http = openHttp(server.origin);
  const stop = new AbortController();
  const answer = http.request({ ...get, signal: stop.signal });
  const failure = answer.catch((error: unknown) => error);
  await arrived.promise;
  stop.abort(new Error("enough"));
  await expect(failure).resolves.toMatchObject({ message: "enough" });
  await torn.promise;
});

test("N4 a redirection is not followed", async () => {
  await using server = await startServer((_, response) => void response.writeHead(302, { location: "/elsewhere" }).end());
  await using http = openHttp(server.origin);
  await expect(http.request(get)).resolves.toMatchObject({ status: 302 });
});
