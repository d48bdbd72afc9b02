// A block by a checksum that rolls and a truncated strong hash for each of its windows (Tridgell 1996), and matches found by these alone.
import { emitAnchor, resetAnchors, takeAnchors } from "./anchors";
import { body, data, gapBytes, opRecordBytes, opRecords, scratch, signatures } from "./layout";

const mark: u8 = 0x51;
const entryBytes: i32 = 6;
const multiplier: u32 = 0x2c9277b5;

/** One bit for each upper part of a checksum that some window has. */
const filter: usize = scratch;
const filterBits: u32 = 20;
const heads: usize = filter + (1 << (filterBits - 3));
const headBits: u32 = 16;
const nexts: usize = heads + (4 << headBits);

/** A 512th of 4 MiB's root, and so on: small windows cost a larger signature, large ones larger deltas. */
function windowBitsFor(bytes: i32): i32 {
  return min(9, max(6, ((31 - clz(bytes)) >> 1) - 2));
}

function rollingOf(at: usize, count: i32): u32 {
  let hash: u32 = 0;
  for (let i = 0; i < count; i++) hash = hash * multiplier + load<u8>(at + i) + 1;
  return hash;
}

/** 24 bits each: of the checksum the upper ones, which depend on all bytes. */
@inline
function checksum(rolling: u32): u32 {
  return (rolling * 0x9e3779b1) >>> 8;
}

function strongOf(at: usize, count: i32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ count;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    hash = (hash ^ load<u64>(at + i)) * 0xff51afd7ed558ccd;
    hash ^= hash >>> 32;
  }
  let rest: u64 = 0;
  for (; i < count; i++) rest = (rest << 8) | load<u8>(at + i);
  hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53;
  hash ^= hash >>> 29;
  hash *= 0xff51afd7ed558ccd;
  return <u32>(hash >>> 40);
}

@inline
function store24(at: usize, value: u32): void {
  store<u16>(at, <u16>value);
  store<u8>(at, <u8>(value >>> 16), 2);
}
@inline
function load24(at: usize): u32 {
  return load<u16>(at) | (<u32>load<u8>(at, 2) << 16);
}

/** Writes the signature to the body's place; its length in bytes. */
export function signBlock(bytes: i32): i32 {
  const bits = windowBitsFor(bytes);
  let out = body;
  store<u8>(out++, mark);
  store<u8>(out++, <u8>bits);
  let rest: u32 = bytes;
  for (; rest > 127; rest >>>= 7) store<u8>(out++, <u8>((rest & 127) | 128));
  store<u8>(out++, <u8>rest);
  for (let at = 0; at < bytes; at += 1 << bits) {
    const count = min(1 << bits, bytes - at);
    store24(out, checksum(rollingOf(data + at, count)));
    store24(out + 3, strongOf(data + at, count));
    out += entryBytes;
  }
  return <i32>(out - body);
}

let target: usize = 0;
let size: i32 = 0;
let table: usize = 0;
let windowBytes: i32 = 0;
let fullWindows: i32 = 0;
let tailBytes: i32 = 0;

@inline
function fits(at: i32, window: i32, count: i32): bool {
  const entry = table + <usize>(window * entryBytes);
  return load24(entry + 3) == strongOf(target + at, count);
}

/** A signature made to mislead costs this many strong hashes and no more. */
const falseHitsMax: i32 = 1 << 16;
let falseHits: i32 = 0;

/** Finds what one base's signature says of the target, in what no base before it has. */
function scanBase(start: i32, from: i32, to: i32): void {
  let factor: u32 = 1;
  for (let i = 0; i < windowBytes; i++) factor *= multiplier;
  let at = from;
  let rolling: u32 = 0;
  let fresh = true;
  while (at + windowBytes <= to) {
    if (fresh) rolling = rollingOf(target + at, windowBytes);
    fresh = false;
    const sum = checksum(rolling);
    let window = -1;
    if ((load<u8>(filter + (sum >>> (24 - filterBits + 3))) >>> ((sum >>> (24 - filterBits)) & 7)) & 1) {
      let next = load<u32>(heads + ((sum >>> (24 - headBits)) << 2));
      let strong: u32 = 0xffffffff;
      for (let tries = 64; next != 0 && tries > 0; tries--) {
        const candidate = <i32>next - 1;
        const entry = table + <usize>(candidate * entryBytes);
        if (load24(entry) == sum) {
          if (strong == 0xffffffff) strong = strongOf(target + at, windowBytes);
          if (load24(entry + 3) == strong) {
            window = candidate;
            break;
          }
        }
        next = load<u32>(nexts + (<usize>candidate << 2));
      }
      if (strong != 0xffffffff && window < 0 && --falseHits < 0) return;
    }
    if (window < 0) {
      if (at + windowBytes >= to) break;
      rolling = rolling * multiplier + load<u8>(target + at + windowBytes) + 1 - factor * (<u32>load<u8>(target + at) + 1);
      at++;
      continue;
    }
    // and on from there, window by window
    const begin = at,
      source = start + window * windowBytes;
    for (;;) {
      at += windowBytes;
      window++;
      if (window >= fullWindows || at + windowBytes > to) break;
      if (load24(table + <usize>(window * entryBytes)) != checksum(rollingOf(target + at, windowBytes))) break;
      if (!fits(at, window, windowBytes)) break;
    }
    if (window == fullWindows && tailBytes > 0 && at + tailBytes <= to) {
      if (load24(table + <usize>(window * entryBytes)) == checksum(rollingOf(target + at, tailBytes)) && fits(at, window, tailBytes)) at += tailBytes;
    }
    emitAnchor(begin, at - begin, source);
    fresh = true;
  }
}

/** Lists anchors as findAnchors does, from the signatures that lie one after the other. */
export function findSigned(count: i32, starts: StaticArray<i32>, sizes: StaticArray<i32>, bases: i32, targetBytes: i32): void {
  target = data + bases + gapBytes;
  size = targetBytes;
  falseHits = falseHitsMax;
  resetAnchors(targetBytes);
  let signature = signatures;
  for (let base = 0; base < count; base++) {
    signature++;
    windowBytes = 1 << load<u8>(signature++);
    while (load<u8>(signature++) > 127) {}
    table = signature;
    fullWindows = sizes[base] / windowBytes;
    tailBytes = sizes[base] % windowBytes;
    signature += (fullWindows + (tailBytes > 0 ? 1 : 0)) * entryBytes;
    memory.fill(filter, 0, (1 << (filterBits - 3)) + (4 << headBits));
    for (let window = fullWindows - 1; window >= 0; window--) {
      const sum = load24(table + <usize>(window * entryBytes));
      const bit = filter + (sum >>> (24 - filterBits + 3));
      store<u8>(bit, load<u8>(bit) | <u8>(<u32>1 << ((sum >>> (24 - filterBits)) & 7)));
      const head = heads + ((sum >>> (24 - headBits)) << 2);
      store<u32>(nexts + (<usize>window << 2), load<u32>(head));
      store<u32>(head, window + 1);
    }
    // The gaps that earlier bases left, between their anchors moved aside.
    const before = takeAnchors(opRecords);
    let behind = 0;
    for (let i: u32 = 0; i < before; i++) {
      const record = opRecords + <usize>i * opRecordBytes;
      const at = load<i32>(record),
        length = load<i32>(record, 4);
      scanBase(starts[base], behind, at);
      emitAnchor(at, length, load<i32>(record, 8));
      behind = at + length;
    }
    scanBase(starts[base], behind, size);
  }
}
