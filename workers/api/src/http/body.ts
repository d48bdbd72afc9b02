/** Bodies, read within their bounds and parsed once. Every refusal here comes before anything is written. */
import { jsonBodyBytesMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import * as z from "zod/mini";

/** The JSON body, as the schema has it. */
export async function readJson<Schema extends z.ZodMiniType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  requireMediaType(request, "application/json");
  return parse(schema, parseJson(await readText(request)));
}

/** The value, as the schema has it; an unknown field, a bad name and a bad value are told apart. */
export function parse<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const issues = result.error.issues;
  const unknown = issues.find((issue) => issue.code === "unrecognized_keys");
  if (unknown !== undefined) throw new ProblemError("unknown-field", `Unknown: ${[...unknown.path, unknown.keys.join(", ")].join(".")}`);
  const named = issues.find((issue) => issue.message === "bad-name");
  if (named !== undefined) throw new ProblemError("bad-name", `${named.path.join(".")} cannot be used for a file or folder.`);
  const [first] = issues;
  throw new ProblemError("bad-request", first === undefined ? undefined : `${first.path.join(".") || "The body"}: ${first.message}`);
}

export function requireMediaType(request: Request, mediaType: string): void {
  const [said = ""] = (request.headers.get("content-type") ?? "").split(";");
  if (said.trim().toLowerCase() !== mediaType) throw new ProblemError("unsupported-media-type", `Send ${mediaType}.`);
}

/** The announced length in bytes: 411 without one, 413 above `bytesMax`. */
export function announcedBytes(request: Request, bytesMax: number): number {
  const said = request.headers.get("content-length");
  if (said === null || !/^\d+$/.test(said)) throw new ProblemError("length-required");
  const bytes = Number(said);
  if (bytes > bytesMax) throw new ProblemError("too-large", `The body may have ${bytesMax} bytes.`);
  return bytes;
}

/** The whole body, exactly as long as its Content-Length says and at most `bytesMax`. */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = announcedBytes(request, bytesMax);
  const bytes = await readWhole(request);
  if (bytes.length !== announced) throw new ProblemError("length-mismatch", `${bytes.length} bytes came instead of ${announced}.`);
  return bytes;
}

async function readWhole(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch (cause) {
    // The connection ended in mid-body: nobody may be there to read this.
    throw new ProblemError("length-mismatch", "The body was cut short.", { cause });
  }
}

/** JSON may come without a length, so what comes is counted. */
async function readText(request: Request): Promise<string> {
  if (request.headers.has("content-length")) announcedBytes(request, jsonBodyBytesMax);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let bytes = 0;
  let text = "";
  for await (const piece of request.body ?? []) {
    bytes += piece.length;
    if (bytes > jsonBodyBytesMax) throw new ProblemError("too-large", `A JSON body may have ${jsonBodyBytesMax} bytes.`);
    text += decode(() => decoder.decode(piece, { stream: true }));
  }
  return text + decode(() => decoder.decode());
}

function decode(piece: () => string): string {
  try {
    return piece();
  } catch (cause) {
    throw new ProblemError("bad-request", "The body is not UTF-8.", { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProblemError("bad-request", "The body is not JSON.", { cause });
  }
}
