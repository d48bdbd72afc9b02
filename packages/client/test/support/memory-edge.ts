import { zstdDecompressSync } from "node:zlib";
import { hashBlock, hmacSha256 } from "@ashlar/client/node/hash";
import type { BlockBody, Edge } from "@ashlar/client/ports";
import { readDeltaHeader } from "@ashlar/shared/delta/header";
import type { BlockHash } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockLocation, BlockState } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";

import { plainCodec } from "./plain-codec.ts";

type Range = { readonly offset: number; readonly length: number };
type Asked = "check" | "prove" | "putBlock" | "putDelta" | "signature" | "delta" | "locate" | "fetch";
type Place = { readonly object: string; readonly offset: number | undefined; readonly size: number };

/** The part of the edge that keeps content, in memory, with a count of what was asked of it. */
export class MemoryEdge implements Pick<Edge, Asked> {
  readonly checks: BlockHash[][] = [];
  readonly puts: BlockHash[] = [];
  /** As they arrived. */
  readonly bodies: BlockBody[] = [];
  readonly deltas: { target: BlockHash; frame: Uint8Array }[] = [];
  readonly signatures: BlockHash[] = [];
  readonly deltasAsked: { hash: BlockHash; bases: BlockHash[] }[] = [];
  readonly proven: BlockHash[] = [];
  /** Nonces that are good no longer, which `check` hands out in turn: n0, n1, ... */
  readonly expiredNonces = new Set<string>();
  readonly locates: BlockHash[][] = [];
  readonly fetches: { url: string; range: Range | undefined }[] = [];
  putsInFlightMost = 0;
  putBytesMost = 0;
  /** Called before anything is done: throw to fail the request, wait to delay it. */
  before: (what: Asked) => void | Promise<void> = () => undefined;
  codec = plainCodec;
  /** What arrives instead of what is kept. */
  tamper: (bytes: Uint8Array, url: string) => Uint8Array = (bytes) => bytes;

  readonly #objects = new Map<string, Uint8Array>();
  readonly #keptDeltas: { target: BlockHash; object: string; size: number; bases: BlockHash[] }[] = [];
  readonly #places = new Map<BlockHash, Place>();
  readonly #ofOthers = new Map<BlockHash, Uint8Array>();
  #nonces = 0;
  #putsInFlight = 0;
  #putBytes = 0;
  #signature = 1;

  has(hash: BlockHash): boolean {
    return this.#places.has(hash);
  }

  bytesOf(hash: BlockHash): Uint8Array | undefined {
    const place = this.#places.get(hash);
    return place && this.#objects.get(place.object)?.subarray(place.offset ?? 0, (place.offset ?? 0) + place.size);
  }

  hold(bytes: Uint8Array): BlockRef {
    const hash = hashBlock(bytes);
    this.#objects.set(`/b/${hash}`, bytes.slice());
    this.#places.set(hash, { object: `/b/${hash}`, offset: undefined, size: bytes.length });
    return { hash, size: bytes.length };
  }

  /** Others have these bytes, so many that their possession may be proven. */
  holdOfOthers(bytes: Uint8Array): void {
    this.#ofOthers.set(hashBlock(bytes), bytes.slice());
  }

  /** Others have nothing any more. */
  forgetOthers(): void {
    this.#ofOthers.clear();
  }

  /** Puts blocks into one pack, with a hole after each. */
  pack(name: string, blocks: readonly Uint8Array[], holeBytes = 0): BlockRef[] {
    const total = blocks.reduce((sum, { length }) => sum + length + holeBytes, 0);
    const body = new Uint8Array(total);
    let offset = 0;
    const refs = blocks.map((bytes) => {
      const hash = hashBlock(bytes);
      body.set(bytes, offset);
      this.#places.set(hash, { object: `/p/${name}`, offset, size: bytes.length });
      offset += bytes.length + holeBytes;
      return { hash, size: bytes.length };
    });
    this.#objects.set(`/p/${name}`, body);
    return refs;
  }

  /** Every address given out so far is no good any more. */
  expireAddresses(): void {
    this.#signature++;
  }

  async check(blocks: readonly BlockRef[]) {
    await this.before("check");
    this.checks.push(blocks.map(({ hash }) => hash));
    return blocks.map(({ hash }): BlockState => {
      if (this.#places.has(hash)) return "have";
      return this.#ofOthers.has(hash) ? { prove: `n${this.#nonces++}` } : "upload";
    });
  }

  async prove(hash: BlockHash, nonce: string, bytes: Uint8Array) {
    await this.before("prove");
    if (this.expiredNonces.has(nonce)) throw new ProblemError("proof-expired");
    const stored = this.#ofOthers.get(hash);
    if (stored === undefined || Buffer.compare(hmacSha256(nonce, stored), hmacSha256(nonce, bytes)) !== 0)
      throw new ProblemError("proof-failed");
    this.hold(bytes);
    this.proven.push(hash);
  }

  async putBlock(hash: BlockHash, body: BlockBody) {
    this.putsInFlightMost = Math.max(this.putsInFlightMost, ++this.#putsInFlight);
    this.#putBytes += body.bytes.length;
    this.putBytesMost = Math.max(this.putBytesMost, this.#putBytes);
    try {
      await this.before("putBlock");
      this.bodies.push({ ...body, bytes: body.bytes.slice() });
      const bytes = body.encoding === "identity" ? body.bytes : zstdDecompressSync(body.bytes);
      if (hashBlock(bytes) !== hash) throw new ProblemError("hash-mismatch");
      this.hold(bytes);
      this.puts.push(hash);
    } finally {
      this.#putsInFlight--;
      this.#putBytes -= body.bytes.length;
    }
  }

  /** Rebuilds the block, as a commit's inline delta does too. */
  take(target: BlockHash, frame: Uint8Array): void {
    const { bases } = readDeltaHeader(frame);
    const found = bases.flatMap(({ hash }) => this.bytesOf(hash) ?? []);
    if (found.length < bases.length) throw new ProblemError("base-missing");
    const bytes = this.codec.decode(frame, found);
    if (hashBlock(bytes) !== target) throw new ProblemError("bad-delta");
    this.hold(bytes);
  }

  /** Keeps the delta beside its block, for others to fetch. */
  keepDelta(target: BlockHash, frame: Uint8Array): void {
    const object = `/d/${target}/${this.#keptDeltas.length}`;
    this.#objects.set(object, frame);
    this.#keptDeltas.push({ target, object, size: frame.length, bases: readDeltaHeader(frame).bases.map(({ hash }) => hash) });
  }

  async putDelta(target: BlockHash, frame: Uint8Array) {
    await this.before("putDelta");
    this.deltas.push({ target, frame });
    this.take(target, frame);
  }

  async signature(hash: BlockHash) {
    await this.before("signature");
    this.signatures.push(hash);
    const bytes = this.bytesOf(hash);
    if (bytes === undefined) throw new ProblemError("not-found");
    return this.codec.sign(bytes);
  }

  async delta(hash: BlockHash, bases: readonly BlockHash[]) {
    await this.before("delta");
    this.deltasAsked.push({ hash, bases: [...bases] });
    const [bytes, found] = [this.bytesOf(hash), bases.flatMap((base) => ({ hash: base, bytes: this.bytesOf(base) }))];
    const known = found.flatMap(({ hash: base, bytes: old }) => (old === undefined ? [] : [{ hash: base, bytes: old }]));
    const frame = bytes && known.length > 0 ? this.codec.encode(bytes, known) : undefined;
    if (bytes === undefined || frame === undefined || frame.length > bytes.length / 2) throw new ProblemError("not-found");
    return this.tamper(frame, `/delta/${hash}`);
  }

  async locate(hashes: readonly BlockHash[]): Promise<BlockLocation[]> {
    await this.before("locate");
    this.locates.push([...hashes]);
    return hashes.flatMap((hash) => {
      const place = this.#places.get(hash);
      if (place === undefined) return [];
      const { object, offset, size } = place;
      const sign = (path: string) => `${path}?sig=${this.#signature}`;
      const deltas = this.#keptDeltas.flatMap((kept) =>
        kept.target === hash ? [{ url: sign(kept.object), size: kept.size, bases: kept.bases }] : [],
      );
      return [{ hash, size, url: sign(object), ...(offset === undefined ? {} : { offset }), ...(deltas.length > 0 && { deltas }) }];
    });
  }

  async fetch(url: string, range: Range | undefined, signal?: AbortSignal, into: Uint8Array = new Uint8Array(0)) {
    this.fetches.push({ url, range });
    // Who still looks at what was in there before sees it change.
    into.fill(0xff);
    await this.before("fetch");
    signal?.throwIfAborted();
    const [object = "", signature] = url.split("?sig=");
    if (signature !== String(this.#signature)) throw new ProblemError("url-expired");
    const bytes = this.#objects.get(object);
    if (bytes === undefined) throw new ProblemError("not-found");
    const asked = range === undefined ? bytes.slice() : bytes.slice(range.offset, range.offset + range.length);
    const sent = this.tamper(asked, url);
    if (sent.length > into.length) return sent;
    into.set(sent);
    return into.subarray(0, sent.length);
  }
}
