/** HTTP as the edge client needs it: one exchange, bodies whole in memory (the largest is a commit of 16 MiB). */

export type HttpRequest = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Path and query, below the server's origin. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** The answer's body is read no further than this. */
  readonly answerBytesMax: number;
  /** The answer's body is put in here if it fits; nothing is written to it once the promise has settled. */
  readonly into?: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
};

export type HttpAnswer = {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/**
 * Resolves with whatever status the server answers, and follows no redirection. Rejects with the signal's reason when
 * it aborts, with a RangeError when the answer is longer than allowed, and with any other error when no whole answer came.
 */
export type Http = { request(request: HttpRequest): Promise<HttpAnswer> };
