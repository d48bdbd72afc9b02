/** A user of its own for each test, with his object, and sockets that remember what they are told. */
import { storeBlock } from "@ashlar/server/blocks/store-block";
import { ensureNamespace } from "@ashlar/server/namespace/create";
import type { CommitAnswer, CommitCall } from "@ashlar/server/namespace/types";
import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema, type DeviceId, type Epoch, newId, type NodeId, type OpId, rootId, type UserId } from "@ashlar/shared/ids";
import { accessTokenMs } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import { type DeviceMessage, type ServerMessage, serverMessageSchema } from "@ashlar/shared/protocol/change";
import type { CommitResponse, Op } from "@ashlar/shared/protocol/commit";
import { env } from "cloudflare:workers";
import { randomBytes, sha256 } from "../src/crypto.ts";
import { indexShardsOf } from "../src/env.ts";
import { identityHeaders } from "../src/socket-identity.ts";

export const newNode = () => newId<NodeId>(randomBytes);
export const newDevice = () => newId<DeviceId>(randomBytes);

export const mkdirOp = (node: NodeId, name: string, parent: NodeId = rootId): Op => ({
  op: "mkdir",
  opId: newId<OpId>(randomBytes),
  node,
  parent,
  name,
  mode: 0o755,
});

export class TestUser {
  readonly id = newId<UserId>(randomBytes);
  readonly epoch = newId<Epoch>(randomBytes);
  readonly device = newDevice();
  readonly shard = 2;

  static async create(): Promise<TestUser> {
    const user = new TestUser();
    await ensureNamespace(env.META_2, { user: user.id, epoch: user.epoch, now: Date.now(), quotaBytes: 1e12 });
    return user;
  }

  get object() {
    return env.USER_SYNC.getByName(this.id);
  }

  call(ops: readonly Op[], more: Partial<CommitCall> = {}): CommitCall {
    return { user: this.id, device: this.device, shard: this.shard, ops, packs: [], pushInline: [], ...more };
  }

  async answer(ops: readonly Op[], more: Partial<CommitCall> = {}): Promise<CommitAnswer> {
    return await this.object.commit(this.call(ops, more));
  }

  async commit(ops: readonly Op[], more: Partial<CommitCall> = {}): Promise<CommitResponse> {
    const answer = await this.answer(ops, more);
    if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`);
    return answer.response;
  }

  upgrade(device: DeviceId, expiresAt = Date.now() + accessTokenMs): Promise<Response> {
    const headers = identityHeaders({ user: this.id, device, shard: this.shard, expiresAt });
    return this.object.fetch("https://user-sync/events", { headers });
  }

  async connect(device: DeviceId = newDevice(), expiresAt?: number): Promise<ProbeSocket> {
    const { webSocket } = await this.upgrade(device, expiresAt);
    if (webSocket === null) throw new Error("no socket came");
    return new ProbeSocket(webSocket);
  }

  /** Connected, and greeted from that cursor. */
  async follow(cursor = 0, device: DeviceId = newDevice(), expiresAt?: number): Promise<ProbeSocket> {
    const socket = await this.connect(device, expiresAt);
    socket.say({ type: "hello", epoch: cursor === 0 ? null : this.epoch, cursor });
    await socket.next();
    return socket;
  }
}

export class ProbeSocket {
  readonly #socket: WebSocket;
  readonly #events: (string | { code: number; reason: string })[] = [];
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#add(String(data)));
    socket.addEventListener("close", ({ code, reason }) => this.#add({ code, reason }));
    socket.accept();
  }

  say(message: DeviceMessage): void {
    this.send(JSON.stringify(message));
  }

  send(data: string | ArrayBuffer): void {
    this.#socket.send(data);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  async next(): Promise<ServerMessage> {
    const event = await this.#event();
    if (typeof event !== "string") throw new Error(`closed with ${event.code} ${event.reason}`);
    return serverMessageSchema.parse(JSON.parse(event));
  }

  async nextText(): Promise<string> {
    const event = await this.#event();
    return typeof event === "string" ? event : `closed with ${event.code}`;
  }

  async closed(): Promise<number> {
    const event = await this.#event();
    if (typeof event === "string") throw new Error(`not closed, but told ${event}`);
    return event.code;
  }

  #add(event: string | { code: number; reason: string }): void {
    this.#events.push(event);
    this.#wake();
  }

  async #event(): Promise<string | { code: number; reason: string }> {
    while (this.#events.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    const event = this.#events.shift();
    if (event === undefined) throw new Error("nothing came");
    return event;
  }
}

export function blockOf(size: number) {
  const bytes = randomBytes(Math.min(size, 65_536)).buffer;
  const content = new Uint8Array(size);
  content.set(new Uint8Array(bytes));
  return { hash: blockHashSchema.parse(toHex(sha256(content))), size, content };
}

export const fileOp = (name: string, blocks: readonly ReturnType<typeof blockOf>[]): Op => ({
  op: "create",
  opId: newId<OpId>(randomBytes),
  node: newNode(),
  parent: rootId,
  name,
  kind: "file",
  manifest: encodeManifest(blocks),
  size: blocks.reduce((total, { size }) => total + size, 0),
  mtimeMs: 1,
  mode: 0o644,
});

/** As a device of the user would. */
export const sendTo = (user: TestUser, block: ReturnType<typeof blockOf>) =>
  storeBlock(
    { shards: indexShardsOf(env), bucket: env.BLOCKS, clock: { now: () => Date.now() }, sleep: async () => {} },
    user.id,
    block,
    block.content,
  );
