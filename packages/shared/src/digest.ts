/**
 * Digests: equal digests mean equal subtrees (I8), the same nodes at the same revisions: a device that has such a subtree has
 * nothing to ask about it. A folder's digest is the sum modulo 2^256 of its children's leaves,
 * so it does not depend on their order and one child's change needs no sibling (AdHash, Bellare and Micciancio 1997).
 * A user can collide only his own tree, so the generalised birthday attack on sums (Wagner 2002) gains nothing.
 */
import { toHex } from "./encoding.ts";

/** SHA-256 of some bytes: 32 bytes. Handed in, since every runtime has its own fastest. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** 64 lower-case hexadecimal digits. */
export type Digest = string;

const encoder = new TextEncoder();
export const emptyDigest: Digest = "0".repeat(64);

/** A file's or symbolic link's digest: its manifest and its permission bits. */
export function contentDigest(sha256: Sha256, manifest: string, mode: number): Digest {
  return toHex(sha256(encoder.encode(`${mode.toString(8)} ${manifest}`)));
}

export type Leaf = { readonly node: string; readonly rev: number; readonly kind: string; readonly name: string; readonly digest: Digest };

/** What a child adds to its folder's digest. No field has a NUL, so they cannot run together. */
export function leafDigest(sha256: Sha256, leaf: Leaf): Digest {
  return toHex(leafBytes(sha256, leaf));
}

function leafBytes(sha256: Sha256, { node, rev, kind, name, digest }: Leaf): Uint8Array {
  return sha256(encoder.encode(`${node}\0${rev}\0${kind}\0${name}\0${digest}`));
}

const modulus = 1n << 256n;
const big = (digest: Digest): bigint => BigInt(`0x${digest}`);
const text = (value: bigint): Digest => (((value % modulus) + modulus) % modulus).toString(16).padStart(64, "0");

/** A folder's digest from all of its children: for a million of them the texts between would take longer than the hashes. */
export class DigestSum {
  /** 32 bits each, the highest first. */
  readonly #words = new Uint32Array(8);

  add(sha256: Sha256, leaf: Leaf): void {
    const bytes = leafBytes(sha256, leaf);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let carry = 0;
    for (let at = 7; at >= 0; at--) {
      const sum = (this.#words[at] ?? 0) + view.getUint32(at * 4) + carry;
      this.#words[at] = sum;
      carry = sum > 0xffff_ffff ? 1 : 0;
    }
  }

  digest(): Digest {
    return [...this.#words].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
}

export const addDigest = (sum: Digest, leaf: Digest): Digest => text(big(sum) + big(leaf));
export const subtractDigest = (sum: Digest, leaf: Digest): Digest => text(big(sum) - big(leaf));
