/** A device with the requests it makes of the API Worker, which keeps no state of its own: they live and die together. */
import { type BlockHash, type NodeId, type OpId, rootId, type UserId } from "@ashlar/shared/ids";
import { packBlockBytesMax } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import type { Op } from "@ashlar/shared/protocol/commit";
import { toBase64Url } from "@ashlar/shared/encoding";
import type { BlockState } from "@ashlar/shared/protocol/block";
import { checkBlocks } from "../../src/blocks/check-blocks.ts";
import { createProofs, type Proofs } from "../../src/blocks/proofs.ts";
import { proveBlock } from "../../src/blocks/prove-block.ts";
import { keyedMac, mac, sha256, unzstd } from "../support/ports.ts";
import { locateBlocks } from "../../src/blocks/locate.ts";
import { packKey, splitIntoPacks, storePack } from "../../src/blocks/packs.ts";
import { createUrlSigner } from "../../src/blocks/signed-url.ts";
import { haveSmallBlocks, recordPack } from "../../src/blocks/small-blocks.ts";
import { blockKey, storeBlock } from "../../src/blocks/store-block.ts";
import type { CommitAnswer } from "../../src/namespace/types.ts";
import type { TestBlock } from "../support/blocks.ts";
import { hashOf } from "./bucket.ts";
import type { Process } from "./process.ts";
import { Violation } from "./scheduler.ts";
import { deviceOf, type Ports, type World } from "./world.ts";

/** One other holder is enough, so that proofs happen in a small world. */
const proofs: Proofs = { ...createProofs(mac), holdersNeeded: () => 1 };
const signer = createUrlSigner(() => new Uint8Array(32));
const triesMax = 30;
/** After some tries the device leaves it for later: a collection that died is finished by the next, an hour on. */
const retryMs = (tries: number): number => (tries < 6 ? 1500 : 1800_000);
/** As the upload room says. */
const collectionRetryMs = (tries: number): number => (tries < 6 ? 10_000 : 1800_000);

export class Client {
  readonly #world: World;
  readonly #process: Process;
  readonly #user: UserId;
  readonly #ports: Ports;

  constructor(world: World, process: Process, user: UserId) {
    this.#world = world;
    this.#process = process;
    this.#user = user;
    this.#ports = world.ports(process);
  }

  /** `POST /v1/blocks/check`: for each block what is to be done about it. */
  check(blocks: readonly TestBlock[]): Promise<Map<BlockHash, BlockState>> {
    return this.#process.request("check", async () => {
      const { blocks: index, db, clock } = this.#ports;
      const large = blocks.filter(isLarge);
      const small = blocks.filter((block) => !isLarge(block));
      const ports = { index, clock, proofs, afterwards: (work: Promise<void>) => void work.catch(() => {}) };
      const [states, haveSmall] = await Promise.all([
        checkBlocks(ports, this.#user, large),
        haveSmallBlocks({ db, clock }, this.#user, small.map(hash)),
      ]);
      const answer = new Map<BlockHash, BlockState>(small.map((block) => [block.hash, haveSmall.has(block.hash) ? "have" : "upload"]));
      for (const [at, block] of large.entries()) answer.set(block.hash, states[at] ?? "upload");
      for (const [name, state] of answer) if (state === "have") this.#requireProof(name, "check says have");
      return answer;
    });
  }

  /** `POST /v1/blocks/prove`, by the bytes that this user has. */
  prove(name: BlockHash, nonce: string, bytes: Uint8Array): Promise<boolean> {
    return this.#process.request("prove", async () => {
      const { shards, bucket, clock } = this.#ports;
      if (hashOf(bytes) === name) this.#world.prove(this.#user, name);
      const proof = toBase64Url(keyedMac(nonce, bytes));
      const ports = { shards, bucket, clock, sha256, keyedMac, proofs, unzstd };
      return (await proveBlock(ports, this.#user, { hash: name, nonce, proof })) === "proven";
    });
  }

  /** `PUT /v1/blocks/<hash>`; false if the block is just being collected. */
  put(block: TestBlock): Promise<boolean> {
    return this.#process.request("put", async () => {
      this.#world.prove(this.#user, block.hash);
      const { shards, bucket, db, clock } = this.#ports;
      if (isLarge(block)) {
        const sleep = (ms: number) => this.#process.sleep(ms);
        const outcome = await storeBlock({ shards, bucket, clock, sleep }, this.#user, block, block.bytes);
        return outcome.type === "stored";
      }
      const have = await haveSmallBlocks({ db, clock }, this.#user, [block.hash]);
      if (have.has(block.hash)) return true;
      await recordPack({ db, clock }, this.#user, await storePack(bucket, this.#user, [block], this.#process.randomBytes));
      return true;
    });
  }

  /** `POST /v1/commits`, with the content of the small blocks. */
  commit(ops: readonly Op[], inline: readonly TestBlock[] = []): Promise<CommitAnswer> {
    return this.#process.request("commit", async () => {
      for (const block of inline) this.#world.prove(this.#user, block.hash);
      const packs = await Promise.all(
        splitIntoPacks(inline).map((blocks) => storePack(this.#ports.bucket, this.#user, blocks, this.#process.randomBytes)),
      );
      const call = { user: this.#user, device: deviceOf(this.#user), shard: 0, ops, packs, pushInline: [] };
      const answer = await this.#object().commit(call);
      if (answer.ok) this.#remember(ops, answer);
      return answer;
    });
  }

  /**
   * Saves a file until it is committed, as a device does. `trusting` begins with the commit: the device believes that the edge
   * has the blocks already.
   */
  async save(op: Op, blocks: readonly TestBlock[], { trusting = false } = {}): Promise<void> {
    let believed = trusting;
    for (let tries = 0; tries < triesMax; tries++) {
      const answer = await this.#trying(() => this.#saveOnce(op, blocks, believed));
      if (answer === true) return;
      believed = false;
      await this.#process.sleep(answer === "collected" ? collectionRetryMs(tries) : retryMs(tries));
    }
    throw new Violation("progress", `${this.#process.name} gives up on ${op.op} after ${triesMax} tries`);
  }

  async #saveOnce(op: Op, blocks: readonly TestBlock[], believed: boolean): Promise<true | "again" | "collected"> {
    const states = believed ? undefined : await this.check(blocks);
    const missing = states === undefined ? [] : blocks.filter((block) => states.get(block.hash) !== "have");
    for (const block of missing.filter(isLarge)) {
      const state = states?.get(block.hash);
      const isProven = typeof state === "object" && (await this.prove(block.hash, state.prove, block.bytes));
      if (!isProven && !(await this.put(block))) return "collected";
    }
    const answer = await this.commit(
      [op],
      missing.filter((block) => !isLarge(block)),
    );
    if (answer.ok) return true;
    if (answer.code === "block-missing" || answer.code === "try-again") return "again";
    throw new Violation("I4", `a commit is refused with ${answer.code}: ${answer.detail}`);
  }

  /** Sends a block until it is stored. */
  async upload(block: TestBlock): Promise<void> {
    for (let tries = 0; tries < triesMax; tries++) {
      const stored = await this.#trying(() => this.put(block));
      if (stored === true) return;
      await this.#process.sleep(stored === false ? collectionRetryMs(tries) : retryMs(tries));
    }
    throw new Violation("progress", `${this.#process.name} gives up on a block after ${triesMax} tries`);
  }

  /** Reads the files as another device would: by what `locate` says, in one go. */
  read(blocks: readonly TestBlock[]): Promise<void> {
    return this.#process.request("read", async () => {
      const { db, bucket, clock } = this.#ports;
      const places = await locateBlocks({ db, signer }, this.#user, blocks.map(hash), clock.now());
      for (const { hash: name, size, url, ...place } of places) {
        this.#requireProof(name, "locate answers");
        const key = url.slice("/v1/b/".length).split("?")[0] ?? "";
        const offset = "offset" in place ? place.offset : undefined;
        const found = await (offset === undefined
          ? bucket.get(blockKey(name))
          : bucket.get(packKey(this.#user, key), { range: { offset, length: size } }));
        const bytes = found === null ? undefined : new Uint8Array(await found.arrayBuffer());
        if (bytes === undefined || hashOf(bytes) !== name) throw new Violation("I1", `a located block ${name.slice(0, 8)} is not there`);
      }
    });
  }

  /** Does it, whatever the network says; undefined if the network said no. */
  async attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    const result = await this.#trying(work);
    return result === "again" ? undefined : result;
  }

  async #trying<Result>(work: () => Promise<Result>): Promise<Result | "again"> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Violation || error instanceof TypeError) throw error;
      return "again";
    }
  }

  #object() {
    const object = this.#world.objects.get(this.#user);
    if (object === undefined) throw new Error("there is no such user");
    return object;
  }

  #requireProof(name: BlockHash, what: string): void {
    if (!this.#world.proofs.has(`${this.#user}/${name}`)) throw new Violation("I2", `${what}, but ${this.#user.slice(0, 3)} never sent it`);
  }

  #remember(ops: readonly Op[], answer: CommitAnswer & { ok: true }): void {
    for (const op of ops) {
      const result = answer.response.results.find(({ opId }) => opId === op.opId);
      if (result?.status !== "applied" || !("manifest" in op)) continue;
      this.#world.acked.add({ user: this.#user, node: op.node, version: result.version });
    }
  }
}

const hash = (block: TestBlock): BlockHash => block.hash;
export const isLarge = (block: { readonly size: number }): boolean => block.size > packBlockBytesMax;

const idOf = (text: string): string => text.padEnd(22, "_");
export const nodeOf = (label: string): NodeId => idOf(`node-${label}`) as NodeId;

const content = (blocks: readonly TestBlock[]) => ({
  manifest: encodeManifest(blocks),
  size: blocks.reduce((total, { size }) => total + size, 0),
  mtimeMs: 1000,
  mode: 0o644,
});

/** The label names the operation and, unless another is said, the node: the same label is the same operation again. */
export function createOp(label: string, blocks: readonly TestBlock[]): Op {
  const node = nodeOf(label);
  return { op: "create", opId: idOf(`op-${label}`) as OpId, node, parent: rootId, name: label, kind: "file", ...content(blocks) };
}
export function updateOp(label: string, file: string, baseRev: number, blocks: readonly TestBlock[]): Op {
  return { op: "update", opId: idOf(`op-${label}`) as OpId, node: nodeOf(file), baseRev, ...content(blocks) };
}
export function deleteOp(label: string, file: string, baseRev: number): Op {
  return { op: "delete", opId: idOf(`op-${label}`) as OpId, node: nodeOf(file), baseRev };
}
