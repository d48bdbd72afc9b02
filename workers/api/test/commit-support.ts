/** Commits as a device sends them, and what other devices are told. */
import { randomBytes } from "@ashlar/durable-objects/crypto";
import { encodeCommitBody } from "@ashlar/shared/commit-body";
import { newId, rootId, type NodeId, type OpId } from "@ashlar/shared/ids";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { encodeManifest, manifestSize, type BlockRef } from "@ashlar/shared/manifest";
import { type ManifestPatch } from "@ashlar/shared/manifest-patch";
import {
  changesResponseSchema,
  serverMessageSchema,
  socketProtocol,
  type Change,
  type ServerMessage,
} from "@ashlar/shared/protocol/change";
import { commitMediaType, commitResponseSchema, type CommitResponse } from "@ashlar/shared/protocol/commit";
import { expect } from "vitest";
import { deviceOf, newBlock, newDevice, put, send, type Signed, type TestBlock } from "./support.ts";

export const large = (size = 100_000) => newBlock(size);
export const content = (blocks: readonly BlockRef[]) => ({
  manifest: encodeManifest(blocks),
  size: manifestSize(blocks),
  mtimeMs: 1,
  mode: 0o644,
});
export const newNode = () => newId<NodeId>(randomBytes);
export const newOp = () => newId<OpId>(randomBytes);
export const create = (node: NodeId, blocks: readonly BlockRef[], name = "file") => ({
  op: "create",
  opId: newOp(),
  node,
  parent: rootId,
  name,
  kind: "file",
  ...content(blocks),
});
export const update = (node: NodeId, baseRev: number, blocks: readonly BlockRef[]) => ({
  op: "update",
  opId: newOp(),
  node,
  baseRev,
  ...content(blocks),
});

export function patched(node: NodeId, baseRev: number, blocks: readonly BlockRef[], patch: ManifestPatch) {
  const { manifest: _, ...rest } = update(node, baseRev, blocks);
  return { ...rest, patch };
}

export type Carried = { readonly inline?: readonly TestBlock[]; readonly deltas?: readonly (readonly [TestBlock, Uint8Array])[] };

export function commit(as: Signed, ops: readonly object[], { inline = [], deltas = [] }: Carried = {}): Promise<Response> {
  const head = {
    ops,
    inline: inline.map(({ hash, size }) => ({ hash, size })),
    ...(deltas.length > 0 && { deltas: deltas.map(([{ hash }, frame]) => ({ target: hash, size: frame.length })) }),
  };
  const body = encodeCommitBody(head as unknown as Parameters<typeof encodeCommitBody>[0], [
    ...inline.map(({ bytes }) => bytes),
    ...deltas.map(([, frame]) => frame),
  ]);
  return send("POST", "/v1/commits", { as, body, headers: { "content-type": commitMediaType } });
}

export async function committed(as: Signed, ops: readonly object[], carried?: Carried): Promise<CommitResponse> {
  const response = await commit(as, ops, carried);
  expect(response.status).toBe(200);
  return commitResponseSchema.parse(await response.json());
}

export async function journal(as: Signed): Promise<readonly Change[]> {
  return changesResponseSchema.parse(await (await send("GET", "/v1/changes?since=0", { as })).json()).changes;
}

/** Another device of the user: what it is told of the next commit. */
export async function follow(as: Signed): Promise<() => Promise<Extract<ServerMessage, { type: "changes" }>>> {
  const other = await deviceOf(as.user, as.shard);
  const { webSocket } = await send("GET", "/v1/events", {
    as: other,
    headers: { upgrade: "websocket", "sec-websocket-protocol": socketProtocol },
  });
  if (webSocket === null) throw new Error("no socket came");
  const arrived = new TransformStream<ServerMessage, ServerMessage>();
  const [writer, reader] = [arrived.writable.getWriter(), arrived.readable.getReader()];
  webSocket.addEventListener("message", ({ data }) => void writer.write(serverMessageSchema.parse(JSON.parse(String(data)))));
  webSocket.accept();
  webSocket.send(JSON.stringify({ type: "hello", epoch: null, cursor: 0 }));
  await reader.read();
  return async () => {
    const { value } = await reader.read();
    if (value?.type !== "changes") throw new Error("another message came");
    return value;
  };
}

/** A user with a file of those blocks. */
export async function withFile(blocks: readonly TestBlock[], shard = 0) {
  const as = await newDevice(shard);
  const node = newNode();
  const inline = blocks.filter(({ size }) => size <= packBlockBytesMax);
  for (const block of blocks) if (!inline.includes(block)) await put(as, block);
  await committed(as, [create(node, blocks)], { inline });
  return { as, node };
}
