/** {@link Http} by undici's connection pool: several times the rate of `fetch` for blocks and for small requests alike. */
import { answerHeadBytesMax, connectionsMax, connectMsMax, silenceMsMax } from "@ashlar/shared/limits";
import type { IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import Pool from "undici/lib/dispatcher/pool.js";
import type { Http, HttpAnswer, HttpRequest } from "../edge/http.ts";
import { BodyCollector } from "./body-collector.ts";
import { recyclingConnector } from "./receive-buffers.ts";

/** Longer bodies are written in such slices, so that the clock of silence restarts with each that a slow link has taken. */
const sliceBytes = 256 * 1024;

export type HttpOptions = { readonly silenceMs?: number; readonly connectMs?: number };

/** Disposing of it closes its connections; requests under way fail. */
export function openHttp(origin: URL, { silenceMs = silenceMsMax, connectMs = connectMsMax }: HttpOptions = {}): Http & AsyncDisposable {
  const pool = new Pool(origin.origin, {
    connections: connectionsMax,
    connect: origin.protocol === "http:" ? recyclingConnector(connectMs) : { timeout: connectMs },
    // At which it refuses.
    maxHeaderSize: answerHeadBytesMax + 1,
    // Between the last byte sent and the first received, and between two received.
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  });
  return {
    request: (request) => exchange(pool, request),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

function exchange(pool: Pool, request: HttpRequest): Promise<HttpAnswer> {
  const one = new Exchange(request);
  const { method, path } = request;
  if (!one.isEnded) pool.dispatch({ method, path, headers: withLength(request), body: bodyOf(request.body) }, one);
  return one.answer;
}

/**
 * One request under way. What arrives goes where it belongs at once: led through a stream, or kept until the end, each
 * piece would outlive the young generation. Once the promise has settled, nothing is written to the request's memory any more.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #outcome = Promise.withResolvers<HttpAnswer>();
  readonly #signal: AbortSignal | undefined;
  readonly #body: BodyCollector;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Omit<HttpAnswer, "body"> = { status: 0, headers: {} };
  #isEnded = false;

  constructor({ signal, answerBytesMax, into }: HttpRequest) {
    this.#signal = signal;
    this.#body = new BodyCollector(answerBytesMax, into);
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener("abort", this.#abort, { once: true });
  }

  get answer(): Promise<HttpAnswer> {
    return this.#outcome.promise;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It may have waited for a connection until nobody wanted it any more.
    if (this.#isEnded) controller.abort(new Error("aborted"));
  }

  /** What is thrown here and in the next ends the request, and its connection, with that error. */
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#head = { status, headers: single(headers) };
    this.#body.announce(Number(headers["content-length"] ?? 0));
  }

  onResponseData(_: Dispatcher.DispatchController, piece: Uint8Array): void {
    if (!this.#isEnded) this.#body.add(piece);
  }

  onResponseEnd(): void {
    this.#end();
    this.#outcome.resolve({ ...this.#head, body: this.#body.bytes });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#outcome.reject(error);
  }

  readonly #abort = (): void => {
    this.#end();
    this.#outcome.reject(this.#signal?.reason);
    this.#controller?.abort(new Error("aborted"));
  };

  #end(): void {
    this.#isEnded = true;
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}

function withLength({ headers, body }: HttpRequest): Record<string, string> {
  return body === undefined ? { ...headers } : { ...headers, "content-length": String(body.length) };
}

function bodyOf(body: Uint8Array | undefined): Uint8Array | Readable | null {
  if (body === undefined) return null;
  return body.length <= sliceBytes ? body : Readable.from(slices(body), { objectMode: false });
}

function* slices(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += sliceBytes) yield body.subarray(at, at + sliceBytes);
}

function single(headers: Record<string, string | string[] | undefined>): HttpAnswer["headers"] {
  const one: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) one[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return one;
}
