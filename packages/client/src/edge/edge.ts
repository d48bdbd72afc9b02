/** The edge's control, upload and download routes, as the engine's port {@link Edge}. */
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { toBase64Url } from "@ashlar/shared/encoding";
import { blockBytesMax, commitHeadBytesMax, jsonBodyBytesMax, packBytesMax } from "@ashlar/shared/limits";
import { type BlockLocation, checkResponseSchema, locateResponseSchema } from "@ashlar/shared/protocol/block";
import { changesResponseSchema, versionResponseSchema } from "@ashlar/shared/protocol/change";
import { commitMediaType, commitResponseSchema } from "@ashlar/shared/protocol/commit";
import { treeResponseSchema } from "@ashlar/shared/protocol/tree";
import type { Edge, Hmac } from "../ports.ts";
import { foreignAnswer } from "./answer.ts";
import { type Caller, jsonBody, parsed } from "./caller.ts";
import type { HttpAnswer } from "./http.ts";
import type { Tokens } from "./tokens.ts";

export type EdgeOptions = {
  /** Of `createSignedCaller`. */
  readonly call: Caller;
  readonly tokens: Tokens;
  readonly deviceName: string;
  readonly hmac: Hmac;
};

type Range = { readonly offset: number; readonly length: number };

export function createEdge({ call, tokens, deviceName, hmac }: EdgeOptions): Edge {
  async function ask<Value>(schema: { parse(data: unknown): Value }, path: string, signal?: AbortSignal, body?: unknown): Promise<Value> {
    const request = body === undefined ? { method: "GET" as const } : { method: "POST" as const, ...jsonBody(body) };
    return parsed(schema, path, await call({ ...request, path, signal }));
  }

  return {
    user: tokens.user,
    device: tokens.device,
    deviceName,

    async check(blocks, signal) {
      if (blocks.length === 0) return [];
      const path = "/v1/blocks/check";
      const answer = await call({ method: "POST", path, signal, ...jsonBody({ blocks }) });
      const { states } = parsed(checkResponseSchema, path, answer);
      if (states.length !== blocks.length) throw foreignAnswer(path, answer);
      return states;
    },

    async prove(hash, nonce, bytes, signal) {
      const proof = toBase64Url(await hmac(nonce, bytes));
      await call({ method: "POST", path: "/v1/blocks/prove", signal, ...jsonBody({ hash, nonce, proof }) });
    },

    async putBlock(hash, bytes, signal) {
      const headers = { "content-type": "application/octet-stream" };
      await call({ method: "PUT", path: `/v1/blocks/${hash}`, headers, body: bytes, answerBytesMax: jsonBodyBytesMax, signal });
    },

    async locate(hashes, signal) {
      if (hashes.length === 0) return [];
      const path = "/v1/blocks/locate";
      const answer = await call({ method: "POST", path, signal, ...jsonBody({ hashes }) });
      const { blocks } = parsed(locateResponseSchema, path, answer);
      if (!blocks.every(isUsable)) throw foreignAnswer(path, answer);
      return blocks;
    },

    async fetch(url, range, signal, into) {
      const headers = range === undefined ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
      // A server may ignore the range and send the whole object: no block and no pack is longer than this.
      const answer = await call({ method: "GET", path: url, headers, answerBytesMax: Math.max(blockBytesMax, packBytesMax), into, signal });
      return range === undefined ? answer.body : rangeOf(url, answer, range);
    },

    async commit(ops, inline, signal) {
      const path = "/v1/commits";
      const head = { ops: [...ops], inline: inline.map(({ hash, bytes }) => ({ hash, size: bytes.length })) };
      const blocks = inline.map(({ bytes }) => bytes);
      const body = encodeCommitBody(head, blocks);
      const answer = await call({ method: "POST", path, headers: { "content-type": commitMediaType }, body, signal });
      const response = parsed(commitResponseSchema, path, answer);
      if (response.results.some((result, index) => result.opId !== ops[index]?.opId) || response.results.length !== ops.length) {
        throw foreignAnswer(path, answer);
      }
      return response;
    },

    changes(since, epoch, signal) {
      const query = epoch === null ? `since=${since}` : `since=${since}&epoch=${epoch}`;
      return ask(changesResponseSchema, `/v1/changes?${query}`, signal);
    },

    async manifest(node, version, signal) {
      const path = `/v1/files/${node}/versions/${version}`;
      const answer = await call({ method: "GET", path, answerBytesMax: commitHeadBytesMax + jsonBodyBytesMax, signal });
      return parsed(versionResponseSchema, path, answer).manifest;
    },

    tree(node, after, signal, known) {
      const query = [...(after === null ? [] : [`after=${encodeURIComponent(after)}`]), ...(known === undefined ? [] : [`known=${known}`])];
      return ask(treeResponseSchema, `/v1/tree/${node}${query.length === 0 ? "" : "?"}${query.join("&")}`, signal);
    },
  };
}

/** Addresses are paths of this server: the token goes nowhere else. A block of a pack lies inside of it. */
function isUsable({ url, offset, size }: BlockLocation): boolean {
  return /^\/(?!\/)[\x21-\x7e]*$/.test(url) && (offset === undefined || offset + size <= packBytesMax);
}

function rangeOf(url: string, answer: HttpAnswer, { offset, length }: Range): Uint8Array {
  const bytes = answer.status === 206 ? answer.body : answer.body.subarray(offset, offset + length);
  if (bytes.length !== length) throw foreignAnswer(url, answer);
  return bytes;
}
