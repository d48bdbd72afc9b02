/** Requests to the Worker as a device makes them. Every test has users of its own: the files share one storage. */
import { randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { ensureNamespace } from "@ashlar/server/namespace/create";
import { toHex } from "@ashlar/shared/encoding";
import { type BlockHash, blockHashSchema, type DeviceId, type Epoch, newId, type UserId } from "@ashlar/shared/ids";
import { problemMediaType, type ProblemCode, problems, problemSchema } from "@ashlar/shared/protocol/problem";
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect } from "vitest";
import { app } from "../src/app.ts";
import { type Env, metaShard } from "../src/env.ts";
import { type Identity, signAccessToken } from "../src/http/access-token.ts";

const origin = "http://ashlar.test";

export type Signed = Identity & { readonly token: string };

/** A user with a namespace and a signed-in device, without the cost of a password. */
export async function newDevice(shard = 0): Promise<Signed> {
  const user = newId<UserId>(randomBytes);
  await ensureNamespace(metaShard(env, shard), { user, epoch: newId<Epoch>(randomBytes), now: Date.now(), quotaBytes: 1e12 });
  return deviceOf(user, shard);
}

export async function deviceOf(user: UserId, shard: number): Promise<Signed> {
  const identity = { user, device: newId<DeviceId>(randomBytes), shard };
  const { token } = await signAccessToken(env.TOKEN_KEY, identity, Date.now());
  return { ...identity, token };
}

type Options = {
  as?: { token: string };
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  /** Other bindings than the deployed ones, for {@link sendAsItIs}. */
  bindings?: Partial<Env>;
};

export function send(method: string, path: string, { as, json, body, headers }: Options = {}): Promise<Response> {
  const all = new Headers(headers);
  if (as !== undefined) all.set("authorization", `Bearer ${as.token}`);
  if (json !== undefined) all.set("content-type", "application/json");
  const content = json === undefined ? body : JSON.stringify(json);
  return exports.default.fetch(origin + path, { method, headers: all, ...(content !== undefined && { body: content }) });
}

/**
 * Hands the request over with headers that a platform between would put right, such as a wrong Content-Length, and waits for what
 * is done after the answer.
 */
export async function sendAsItIs(method: string, path: string, { as, json, body, headers, bindings }: Options): Promise<Response> {
  const all = new Headers({
    ...headers,
    ...(as !== undefined && { authorization: `Bearer ${as.token}` }),
    ...(json !== undefined && { "content-type": "application/json" }),
  });
  const content = json === undefined ? body : JSON.stringify(json);
  const ctx = createExecutionContext();
  const request = new Request(origin + path, { method, headers: all, ...(content !== undefined && { body: content }) });
  const response = await app.fetch(request, { ...env, ...bindings }, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

/** The answer is a problem document of that code, with the status that goes with it. */
export async function expectProblem(response: Response, code: ProblemCode): Promise<void> {
  const problem = problemSchema.parse(await response.json());
  expect(problem.code).toBe(code);
  expect(response.status).toBe(problems[code].status);
  expect(response.headers.get("content-type")).toBe(problemMediaType);
}

export type TestBlock = { readonly hash: BlockHash; readonly size: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** Random bytes under their hash. */
export function newBlock(size: number): TestBlock {
  const bytes = new Uint8Array(size);
  // 65,536 bytes is what the platform gives at once.
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  return { hash: hashOf(bytes), size, bytes };
}

export function hashOf(bytes: Uint8Array): BlockHash {
  return blockHashSchema.parse(toHex(sha256(bytes)));
}

/** The block with some random bytes in its middle, and as long as said. */
export function editOf({ bytes: base, size: baseSize }: TestBlock, size = baseSize, changed = 10): TestBlock {
  const bytes = new Uint8Array(size);
  bytes.set(base.subarray(0, size));
  const { bytes: edit } = newBlock(Math.floor(changed));
  bytes.set(edit, Math.floor((Math.min(size, baseSize) - edit.length) / 2));
  return { hash: hashOf(bytes), size, bytes };
}

/** The delta that makes the block of those bases. */
export function frameOf(target: TestBlock, ...bases: readonly TestBlock[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(deltaCodec().encode(target.bytes, bases));
}

export function sendDelta(as: Signed, { hash }: TestBlock, frame: Uint8Array): Promise<Response> {
  const headers = { "content-type": "application/octet-stream" };
  return send("POST", `/v1/blocks/${hash}/delta`, { as, headers, body: new Uint8Array(frame) });
}

export function put(as: Signed, block: TestBlock): Promise<Response> {
  return send("PUT", `/v1/blocks/${block.hash}`, { as, body: block.bytes });
}

export async function check(as: Signed, blocks: readonly { hash: BlockHash; size: number }[]): Promise<unknown> {
  const response = await send("POST", "/v1/blocks/check", { as, json: { blocks: blocks.map(({ hash, size }) => ({ hash, size })) } });
  expect(response.status).toBe(200);
  return response.json();
}
