// A delta's operations, coded in either direction: some literal bytes, then a copy, until the target is whole.
import { codeDirect, codeUniform, decoding, direction, learning, setDirection } from "./coder";
import { codeFlag, codeKind, codeNumber } from "./fields";
import { byteCounts, data, gapBytes, opRecordBytes, opRecords, opsMax } from "./layout";
import { codeDifferences, differenceRunBytesMax, startDifferences } from "./differences";
import { codeLightLiteral, startLight } from "./light";
import { isMark, listMarks, markAt, markCount, markFrom } from "./marks";
import { breakModel, codeLiteral, startModel } from "./model";

/** How literals are coded; stands in the frame. */
export const rawLiterals: i32 = 0;
export const lightLiterals: i32 = 1;
export const strongLiterals: i32 = 2;
/** Literals beyond these go raw: they bound a decoder's work. */
export const strongBytesMax: i32 = 16 * 1024;
/** What the model may read of the bases before literals. */
const learnedBytesMax: i32 = 8192;
export const lightBytesMax: i32 = 384 * 1024;
/** Runs from this length may be marked as raw. */
export const rawRunBytesMin: i32 = 32;

// kinds of copies
const onDiagonal: i32 = 0;
const resumed: i32 = 1;
const onOlder: i32 = 2; // and 3
const fromFar: i32 = 4;
const fromNear: i32 = 5;
const fromTarget: i32 = 6;
const fromTargetAgain: i32 = 7;

// flags
const signFlag: u32 = 0;
const rawFlag: u32 = 1;
const marksFlag: u32 = 2;
const markedFlag: u32 = 3;
const endFlag: u32 = 4;
// contexts of kinds, behind those by the kind before and its literals
const kindsBefore: u32 = 8 * 3;
// sets of contexts of numbers
/** Numbers of literals: by the kind of the copy before and the literals before that; and by the length of the copy. */
const literalSets: u32 = 0;
const literalSets2: u32 = literalSets + 32;
/** Lengths of copies: by kind and literals before; and by the length of the copy before. */
const lengthSets: u32 = literalSets2 + 64;
const lengthSets2: u32 = lengthSets + 64;
const nearSets: u32 = lengthSets2 + 64;
const targetSets: u32 = nearSets + 4;
const spanSets: u32 = targetSets + 2;

/** Few literals one by one, more of them together. */
@inline
function literalClass(count: i32): u32 {
  return count < 5 ? count : count < 9 ? 5 : count < 32 ? 6 : 7;
}

/** The byte behind which marks were listed, or -1: see marks.ts. */
let markByte: i32 = -1;
export function setMarks(byte: i32): void {
  markByte = byte;
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
/** Short runs along the diagonal are coded as differences from it. */
export let differences: bool = false;
export function setModes(mode: i32, bits: u32, learned: i32, differs: bool, known: bool): void {
  differences = differs && known && mode != rawLiterals;
  literalsMode = mode;
  tableBits = bits;
  learnedAround = learned == 0 ? 0 : 64 << (2 * learned - 2);
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
  if (differences) startDifferences();
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
  let lastKind: i32 = 0,
    kindBefore: i32 = 0,
    lastLiterals: u32 = 0,
    lastBits: u32 = 0;
  let at = 0;
  let op: u32 = 0;
  const marked = codeFlag(marksFlag, direction != decoding && markByte >= 0 ? 1 : 0) != 0;
  if (marked) {
    const byte = codeDirect(<u32>markByte, 8);
    if (direction == decoding && !listMarks(byte, baseBytes)) return 10;
  }
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
    const steady: u32 = lastKind == onDiagonal ? 32 : 0;
    literals = codeNumber(
      literalSets + lastKind * 4 + (lastLiterals >> 1),
      literalSets2 + steady + lastBits,
      literals,
    );
    if (literals < 0) literals = size - at;
    if (literals > size - at) return 1;
    const fault = codeLiterals(target, at, literals, d0);
    if (fault != 0) return fault;
    at += literals;
    if (at == size) break;
    if (++op > opsMax) return 2;

    const literalsNow = literalClass(literals);
    const most = size - at;
    let mark: i32 = -1;
    let kind: i32 = 0;
    if (direction != decoding) {
      const diagonal = source - at;
      if (source >= baseBytes) kind = baseBytes + at - source == back0 ? fromTargetAgain : fromTarget;
      else if (diagonal == d0) kind = onDiagonal;
      else if (source == behindCopy) kind = resumed;
      else if (diagonal == d1) kind = onOlder;
      else if (diagonal == d2) kind = onOlder + 1;
      else {
        const off = diagonal - d0;
        const nearBits: i32 = 32 - clz(off < 0 ? -off : off);
        if (marked && isMark(source)) kind = nearBits + 4 > 32 - clz(markCount) ? fromFar : fromNear;
        else kind = nearBits + 2 > farBits ? fromFar : fromNear;
      }
    }
    kind = codeKind(lastKind * 3 + (literals == 0 ? 0 : literals < 16 ? 1 : 2), kindsBefore + lastKind * 8 + kindBefore, kind);
    if (kind > fromTargetAgain) return 11;
    if (kind == onDiagonal) source = at + d0;
    else if (kind == resumed) source = behindCopy;
    else if (kind == onOlder) source = at + d1;
    else if (kind == onOlder + 1) source = at + d2;
    else if (kind == fromFar) {
      if (marked) mark = codeFlag(markedFlag, direction != decoding && isMark(source) ? 1 : 0) ? 0 : -1;
      if (mark == 0) {
        mark = codeUniform(direction == decoding ? 0 : markFrom(source), markCount);
        source = markAt(mark);
      } else source = <i32>codeUniform(<u32>source, baseBytes);
    }
    else if (kind == fromNear) {
      const off = source - at - d0;
      const negative = codeFlag(signFlag, off < 0 ? 1 : 0);
      const distance = codeNumber(nearSets + negative, nearSets + 2 + negative, (off < 0 ? -off : off) - 1) + 1;
      source = at + d0 + (negative ? -distance : distance);
    } else if (kind == fromTargetAgain) source = baseBytes + at - back0;
    else source = baseBytes + at - 1 - codeNumber(targetSets, targetSets + 1, baseBytes + at - source - 1);

    let spans = false;
    if (mark >= 0) spans = codeFlag(endFlag, direction != decoding && (isMark(source + length) || source + length == baseBytes) ? 1 : 0) != 0;
    if (spans) {
      // From one mark to another: by how many it is further.
      const marksOn = codeNumber(spanSets, spanSets + 1, direction == decoding ? 0 : <i32>markFrom(source + length) - mark - 1) + 1;
      if (marksOn < 1 || marksOn > <i32>markCount - mark) return 5;
      length = markAt(mark + marksOn) - source;
    } else {
      if (direction != decoding && length == most) length = 0;
      length =
        codeNumber(
          lengthSets + kind * 8 + literalsNow,
          lengthSets2 + (kind == onDiagonal ? 32 : 0) + lastBits,
          length - 1,
        ) + 1;
      if (length == 0) length = most;
    }
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
    kindBefore = lastKind;
    lastKind = kind;
    lastLiterals = literalsNow;
    lastBits = 32 - clz(length);
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
  const old = at + diagonal;
  if (differences && count <= differenceRunBytesMax && at >= 2 && old >= 0 && old + count < baseBytes) {
    if (spent + count > lightBytesMax) return 9;
    spent += count;
    codeDifferences(target + at, data + old, count);
    return 0;
  }
  if (literalsMode != rawLiterals) {
    const left = (literalsMode == strongLiterals ? strongBytesMax : lightBytesMax) - spent;
    coded = min(count, left);
    if (count >= rawRunBytesMin) {
      if (codeFlag(rawFlag, direction != decoding && looksRandom(target + at, count) ? 1 : 0)) coded = 0;
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
  // Matches look back 24 bytes: never past the first base, where the two sides differ.
  let from = max(source - learnedAround, 32);
  let to = min(source + min(count, 256) + learnedAround, baseBytes - 1);
  if (from >= learnedFrom && from < learnedTo) from = learnedTo;
  to = min(to, from + learnedBytesMax - learnedBytes);
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
