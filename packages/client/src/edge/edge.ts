/** The edge's control, upload and download routes, as the engine's port {@link Edge}. */
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { toBase64Url } from "@ashlar/shared/encoding";
import {
  blockBytesMax,
  commitHeadBytesMax,
  deltaFrameBytesMax,
  jsonBodyBytesMax,
  packBytesMax,
  treeFoldersMax,
} from "@ashlar/shared/limits";
import {
  acceptEncodingHeader,
  type BlockLocation,
  checkResponseSchema,
  encodingHeader,
  locateResponseSchema,
} from "@ashlar/shared/protocol/block";
import { changesResponseSchema, versionResponseSchema } from "@ashlar/shared/protocol/change";
import { commitMediaType, commitResponseSchema } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { foldersResponseSchema, type TreePage } from "@ashlar/shared/protocol/tree";
import type { NodeId } from "@ashlar/shared/ids";
import { createBatcher } from "../common/batcher.ts";
import { type Compression, type Edge, type Hmac, UnreachableError } from "../ports.ts";
import { foreignAnswer } from "./answer.ts";
import { type Caller, jsonBody, parsed } from "./caller.ts";
import type { HttpAnswer } from "./http.ts";
import type { Tokens } from "./tokens.ts";

export type EdgeOptions = {
  /** Of `createSignedCaller`. */
  readonly call: Caller;
  readonly tokens: Tokens;
  readonly deviceName: string;
  readonly compression: Pick<Compression, "decompress">;
  readonly hmac: Hmac;
};

type FolderQuestion = { readonly node: NodeId; readonly after?: string; readonly known?: string };
type Range = { readonly offset: number; readonly length: number };

export function createEdge({ call, tokens, deviceName, hmac, compression }: EdgeOptions): Edge {
  async function ask<Value>(schema: { parse(data: unknown): Value }, path: string, signal?: AbortSignal, body?: unknown): Promise<Value> {
    const request = body === undefined ? { method: "GET" as const } : { method: "POST" as const, ...jsonBody(body) };
    return parsed(schema, path, await call({ ...request, path, signal }));
  }

  /** Folders that are asked for at about the same time share a request. */
  const askFolder = createBatcher<FolderQuestion, TreePage | "absent">({
    batchMax: treeFoldersMax,
    async run(folders, signal) {
      const path = "/v1/tree";
      const answer = await call({ method: "POST", path, signal, ...jsonBody({ folders }) });
      const { folders: pages } = parsed(foldersResponseSchema, path, answer);
      if (pages.length !== folders.length) throw foreignAnswer(path, answer);
      return pages.map((page) => page ?? "absent");
    },
  });

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

    async putBlock(hash, { bytes, encoding }, signal) {
      const headers = encoding === "identity" ? binary : { ...binary, [encodingHeader]: encoding };
      await call({ method: "PUT", path: `/v1/blocks/${hash}`, headers, body: bytes, answerBytesMax: jsonBodyBytesMax, signal });
    },

    async putDelta(hash, frame, signal) {
      const path = `/v1/blocks/${hash}/delta`;
      await call({ method: "POST", path, headers: binary, body: frame, answerBytesMax: jsonBodyBytesMax, signal });
    },

    async signature(hash, signal) {
      const path = `/v1/blocks/${hash}/signature`;
      return (await call({ method: "GET", path, answerBytesMax: blockBytesMax, signal })).body;
    },

    async delta(hash, bases, signal) {
      const path = `/v1/blocks/${hash}/delta?${bases.map((base) => `base=${base}`).join("&")}`;
      return (await call({ method: "GET", path, answerBytesMax: deltaFrameBytesMax, signal })).body;
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
      // Those that come on the socket nobody has looked at.
      if (!isPath(url)) throw new UnreachableError("The server named an address that is none of its own.");
      const headers: Record<string, string> =
        range === undefined ? { [acceptEncodingHeader]: "zstd" } : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
      // A server may ignore the range and send the whole object: no block and no pack is longer than this.
      const answer = await call({ method: "GET", path: url, headers, answerBytesMax: Math.max(blockBytesMax, packBytesMax), into, signal });
      return range === undefined ? plain(answer, compression) : rangeOf(url, answer, range);
    },

    async commit(ops, { inline, deltas }, signal) {
      const path = "/v1/commits";
      const frames = deltas.map(({ target, frame }) => ({ target, size: frame.length }));
      const head = {
        ops: [...ops],
        inline: inline.map(({ hash, bytes }) => ({ hash, size: bytes.length })),
        ...(frames.length > 0 && { deltas: frames }),
      };
      const body = encodeCommitBody(head, [...inline.map(({ bytes }) => bytes), ...deltas.map(({ frame }) => frame)]);
      const answer = await call({ method: "POST", path, headers: { "content-type": commitMediaType }, body, signal });
      const response = parsed(commitResponseSchema, path, answer);
      if (response.results.some((result, index) => result.opId !== ops[index]?.opId) || response.results.length !== ops.length) {
        throw foreignAnswer(path, answer);
      }
      return response;
    },

    changes(since, epoch, signal, op) {
      const query = [`since=${since}`, epoch === null ? [] : `epoch=${epoch}`, op === undefined ? [] : `op=${op}`].flat().join("&");
      return ask(changesResponseSchema, `/v1/changes?${query}`, signal);
    },

    async manifest(node, version, signal) {
      const path = `/v1/files/${node}/versions/${version}`;
      const answer = await call({ method: "GET", path, answerBytesMax: commitHeadBytesMax + jsonBodyBytesMax, signal });
      return parsed(versionResponseSchema, path, answer).manifest;
    },

    async tree(node, after, signal = new AbortController().signal, known) {
      const page = await askFolder({ node, ...(after !== null && { after }), ...(known !== undefined && { known }) }, signal);
      if (page === "absent") throw new ProblemError("not-found", `There is no folder ${node}.`);
      return page;
    },
  };
}

const binary = { "content-type": "application/octet-stream" };

/** Addresses are paths of this server: the token goes nowhere else. A block of a pack lies inside of it. */
function isUsable({ url, offset, size, deltas = [] }: BlockLocation): boolean {
  return [url, ...deltas.map((delta) => delta.url)].every(isPath) && (offset === undefined || offset + size <= packBytesMax);
}

const isPath = (url: string): boolean => /^\/(?!\/)[\x21-\x7e]*$/.test(url);

/** What cannot be decompressed is handed on as it came: it does not hash to the block's name, which is for the caller to find. */
async function plain({ headers, body }: HttpAnswer, { decompress }: Pick<Compression, "decompress">): Promise<Uint8Array> {
  if (headers[encodingHeader] !== "zstd") return body;
  return decompress(body, blockBytesMax).catch(() => body);
}

function rangeOf(url: string, answer: HttpAnswer, { offset, length }: Range): Uint8Array {
  const bytes = answer.status === 206 ? answer.body : answer.body.subarray(offset, offset + length);
  if (bytes.length !== length) throw foreignAnswer(url, answer);
  return bytes;
}
