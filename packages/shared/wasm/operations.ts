// A delta's operations, coded in either direction: some literal bytes, then a copy, until the target is whole.
import {
  codeDirect,
  codeField,
  codeNumber,
  codeTree,
  decoding,
  direction,
  learning,
  numberSlots,
  setDirection,
} from "./coder";
import { byteCounts, data, gapBytes, opRecordBytes, opRecords, opsMax } from "./layout";
import { codeLightLiteral, startLight } from "./light";
import { breakModel, codeLiteral, startModel } from "./model";

/** How literals are coded; stands in the frame. */
export const rawLiterals: i32 = 0;
export const lightLiterals: i32 = 1;
export const strongLiterals: i32 = 2;
/** Literals beyond these go raw: they bound a decoder's work. */
export const strongBytesMax: i32 = 64 * 1024;
export const lightBytesMax: i32 = 384 * 1024;
/** Runs from this length may be marked as raw. */
export const rawRunBytesMin: i32 = 32;

// kinds of copies
const onDiagonal: u32 = 0;
const resumed: u32 = 1;
const onOlder: u32 = 2; // and 3
const fromFar: u32 = 4;
const fromNear: u32 = 5;
const fromTarget: u32 = 6;
const fromTargetAgain: u32 = 7;

// slots of adaptive bits
const kindSlots: u32 = 0;
const literalSlots: u32 = kindSlots + 8 * 3 * 8;
const lengthSlots: u32 = literalSlots + 8 * numberSlots;
const nearSlots: u32 = lengthSlots + 8 * numberSlots;
const targetSlots: u32 = nearSlots + 2 * numberSlots;
const signSlot: u32 = targetSlots + 3 * numberSlots;
const rawSlot: u32 = signSlot + 2;

export let opCount: u32 = 0;
export function setOpCount(count: u32): void {
  opCount = count;
}

/** Raw literals are kept apart, since the coder could only make them longer. */
export let rawAt: usize = 0;
let rawEnd: usize = 0;
export function setRaw(from: usize, to: usize): void {
  rawAt = from;
  rawEnd = to;
}

export let literalsMode: i32 = 0;
export let tableBits: u32 = 0;
export let learnedAround: i32 = 0;
/** Without the bases' bytes, as when they are known by signature only, nothing may look into them. */
export let baseIsKnown: bool = true;
export function setModes(mode: i32, bits: u32, learned: i32, known: bool): void {
  literalsMode = mode;
  tableBits = bits;
  learnedAround = learned;
  baseIsKnown = known;
}

let baseBytes: i32 = 0;
let spent: i32 = 0;
let learnedBytes: i32 = 0;
let learnedFrom: i32 = 0;
let learnedTo: i32 = 0;

/** @returns what is wrong with the stream, 0 if nothing is; an encoder gets 0 or -1 for "does not fit" */
export function codeOperations(bases: u32, baseStarts: StaticArray<i32>, targetBytes: u32): i32 {
  baseBytes = <i32>bases;
  const size = <i32>targetBytes;
  const target: usize = data + bases + gapBytes;
  memory.fill(target - gapBytes, 0, gapBytes);
  if (literalsMode == strongLiterals) startModel(tableBits);
  if (literalsMode == lightLiterals) startLight();
  spent = 0;
  learnedBytes = 0;
  learnedFrom = 0;
  learnedTo = 0;
  // diagonals: where a byte of the base stands, less where it stands in the target
  let d0 = baseStarts[0],
    d1 = baseStarts[1],
    d2 = baseStarts[2];
  let behindCopy = 0;
  let back0 = 1;
  let lastKind: u32 = 0;
  let at = 0;
  let op: u32 = 0;
  const farBits = 32 - clz(<u32>max(baseBytes - 1, 1));
  while (at < size) {
    const record = opRecords + <usize>op * opRecordBytes;
    let literals = 0,
      length = 0,
      source = 0;
    if (direction != decoding) {
      literals = load<i32>(record);
      length = load<i32>(record, 4);
      source = load<i32>(record, 8);
      if (literals == size - at) literals = -1;
    }
    literals = codeNumber(literalSlots + lastKind * numberSlots, literals);
    if (literals < 0) literals = size - at;
    if (literals > size - at) return 1;
    const fault = codeLiterals(target, at, literals, d0);
    if (fault != 0) return fault;
    at += literals;
    if (at == size) break;
    if (++op > opsMax) return 2;

    const most = size - at;
    let kind: u32 = 0;
    if (direction != decoding) {
      const diagonal = source - at;
      if (source >= baseBytes) kind = baseBytes + at - source == back0 ? fromTargetAgain : fromTarget;
      else if (diagonal == d0) kind = onDiagonal;
      else if (source == behindCopy) kind = resumed;
      else if (diagonal == d1) kind = onOlder;
      else if (diagonal == d2) kind = onOlder + 1;
      else {
        const off = diagonal - d0;
        kind = (off < 0 ? -off : off) < 1 << (farBits - 2) ? fromNear : fromFar;
      }
    }
    kind = codeTree(kindSlots + (lastKind * 3 + (literals == 0 ? 0 : literals < 16 ? 1 : 2)) * 8, kind, 3) & 7;
    if (kind == onDiagonal) source = at + d0;
    else if (kind == resumed) source = behindCopy;
    else if (kind == onOlder) source = at + d1;
    else if (kind == onOlder + 1) source = at + d2;
    else if (kind == fromFar) source = <i32>codeDirect(<u32>source, farBits);
    else if (kind == fromNear) {
      const off = source - at - d0;
      const negative = codeField(signSlot, off < 0 ? 1 : 0);
      const distance = codeNumber(nearSlots + negative * numberSlots, (off < 0 ? -off : off) - 1) + 1;
      source = at + d0 + (negative ? -distance : distance);
    } else if (kind == fromTargetAgain) source = baseBytes + at - back0;
    else source = baseBytes + at - 1 - codeNumber(targetSlots, baseBytes + at - source - 1);

    if (direction != decoding && length == most) length = 0;
    length = codeNumber(lengthSlots + kind * numberSlots, length - 1) + 1;
    if (length == 0) length = most;
    if (length > most) return 3;
    if (kind >= fromTarget) {
      if (source < baseBytes || source >= baseBytes + at) return 4;
      back0 = baseBytes + at - source;
    } else {
      if (source < 0 || source > baseBytes - length) return 5;
      const diagonal = source - at;
      if (diagonal != d0) {
        if (diagonal != d1) d2 = d1;
        d1 = d0;
        d0 = diagonal;
      }
      behindCopy = source + length;
    }
    if (direction == decoding) copyWithin(data + source + (source < baseBytes ? 0 : gapBytes), target + at, length);
    at += length;
    lastKind = kind;
    if (literalsMode == strongLiterals) breakModel();
  }
  return 0;
}

/** A copy from the target may reach into what it makes: a period repeats. */
function copyWithin(from: usize, to: usize, length: i32): void {
  if (from + length <= to) {
    memory.copy(to, from, length);
    return;
  }
  for (let i = 0; i < length; i++) store<u8>(to + i, load<u8>(from + i));
}

function codeLiterals(target: usize, at: i32, count: i32, diagonal: i32): i32 {
  if (count == 0) return 0;
  let coded = 0;
  if (literalsMode != rawLiterals) {
    const left = (literalsMode == strongLiterals ? strongBytesMax : lightBytesMax) - spent;
    coded = min(count, left);
    if (count >= rawRunBytesMin) {
      if (codeField(rawSlot, direction != decoding && looksRandom(target + at, count) ? 1 : 0)) coded = 0;
    }
    spent += coded;
  }
  if (coded > 0) {
    if (literalsMode == strongLiterals) {
      if (learnedAround > 0 && baseIsKnown) learnAround(at + diagonal, count);
      for (let i = 0; i < coded; i++) {
        const source = at + i + diagonal;
        const known = baseIsKnown && source >= 0 && source < baseBytes - 1;
        codeLiteral(target + at + i, known ? load<u8>(data + source) : -1, known ? load<u8>(data + source + 1) : 0);
      }
    } else {
      for (let i = 0; i < coded; i++) {
        const source = at + i + diagonal;
        const known = baseIsKnown && source >= 0 && source < baseBytes - 1;
        codeLightLiteral(target + at + i, known ? load<u8>(data + source) : -1, known ? load<u8>(data + source + 1) : 0);
      }
    }
  }
  const raw = count - coded;
  if (raw > 0) {
    if (direction == decoding) {
      if (rawAt + raw > rawEnd) return 6;
      memory.copy(target + at + coded, rawAt, raw);
    } else {
      if (rawAt + raw > rawEnd) return -1;
      memory.copy(rawAt, target + at + coded, raw);
    }
    rawAt += raw;
  }
  return 0;
}

/** Before some literals the model reads what stands at their place in the base, and around it. */
function learnAround(source: i32, count: i32): void {
  let from = max(source - learnedAround, 8);
  let to = min(source + min(count, 256) + learnedAround, baseBytes - 1);
  if (from >= learnedFrom && from < learnedTo) from = learnedTo;
  to = min(to, from + (strongBytesMax >> 1) - learnedBytes);
  if (from >= to) return;
  learnedBytes += to - from;
  learnedFrom = from;
  learnedTo = to;
  const before = direction;
  setDirection(learning);
  for (let i = from; i < to; i++) codeLiteral(data + i, -1, 0);
  setDirection(before);
  breakModel();
}

/** By how often two of at most 4096 bytes are equal: of random ones each 256th pair is. */
export function looksRandom(from: usize, count: i32): bool {
  memory.fill(byteCounts, 0, 1024);
  const sampled = min(count, 4096);
  for (let i = 0; i < sampled; i++) {
    const counter = byteCounts + (<usize>load<u8>(from + i) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  let pairs: u32 = 0;
  for (let i: usize = 0; i < 256; i++) {
    const n = load<u32>(byteCounts + (i << 2));
    if (n > 1) pairs += n * (n - 1);
  }
  // Few bytes vary more around that.
  const times256: u32 = sampled < 512 ? 512 : 288;
  return <u64>pairs * 65536 < <u64>sampled * (sampled - 1) * times256;
}
