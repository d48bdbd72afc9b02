// Turns anchors into operations, and looks for shorter matches in the gaps between them: in the base nearby, and in the target's own gaps.
import { anchorCount, findAnywhere, found, foundFrom, indexed, unmatched } from "./anchors";
import { equalForward } from "./compare";
import { anchorRecords, data, gapBytes, opRecordBytes, opRecords, opsMax, scratch } from "./layout";
import { alignCopies } from "./align";
import { setMarks } from "./operations";

const heads: usize = scratch + 4 * 1024 * 1024;
const headBits: u32 = 16;
/** Place and the entry before with the same hash. */
const entries: usize = heads + (4 << headBits);
const entriesMax: u32 = 1 << 20;
let entryCount: u32 = 0;

let bases: i32 = 0;
let size: i32 = 0;
let target: usize = 0;
let known: bool = true;
let ops: u32 = 0;
/** End of the last operation in the target. */
let done: i32 = 0;
let insertedFrom: i32 = 0;
let insertedTo: i32 = 0;
/** The shortest match that is worth an operation, and how many candidates are looked at. */
let leastLength: i32 = 0;
let depth: i32 = 0;
let nearBytes: i32 = 0;

@inline
function headOf(p: usize): usize {
  return heads + (<usize>((load<u32>(p) * 0x9e3779b1 ^ (load<u16>(p + 4) * 0x85ebca6b)) >>> (32 - headBits)) << 2);
}

/** Positions count through bases and target without the gap between. */
@inline
function placeOf(position: i32): usize {
  return data + position + (position < bases ? 0 : gapBytes);
}

@inline
function insert(position: i32): void {
  if (entryCount >= entriesMax) return;
  const head = headOf(placeOf(position));
  const entry = entries + (<usize>entryCount << 3);
  store<i32>(entry, position);
  store<u32>(entry, load<u32>(head), 4);
  entryCount++;
  store<u32>(head, entryCount);
}

function push(at: i32, length: i32, source: i32): void {
  const literals = at - done;
  if (ops > 0 && literals == 0) {
    // The same diagonal goes on: one operation.
    const before = opRecords + <usize>(ops - 1) * opRecordBytes;
    if (load<i32>(before, 8) + load<i32>(before, 4) == source && source < bases) {
      store<i32>(before, load<i32>(before, 4) + length, 4);
      done = at + length;
      return;
    }
  }
  if (ops >= opsMax - 2) return;
  const record = opRecords + <usize>ops * opRecordBytes;
  store<i32>(record, literals);
  store<i32>(record, length, 4);
  store<i32>(record, source, 8);
  ops++;
  done = at + length;
}

let bestLength: i32 = 0;
let bestSource: i32 = 0;
let bestGain: i32 = 0;

/** Bits that a copy saves against literals, in quarters of a literal's few bits: a rough guess that orders candidates. */
@inline
function gainOf(length: i32, source: i32, at: i32, diagonal: i32): i32 {
  const far = source >= bases ? bases + at - source : source - at - diagonal;
  const cost = far == 0 ? 10 : 16 + (32 - clz(<u32>(far < 0 ? -far : far)));
  return length * literalBits - cost * 4;
}
let literalBits: i32 = 12;

function search(at: i32, end: i32, diagonal: i32): void {
  bestGain = 0;
  bestLength = 0;
  const most = end - at;
  const source = at + diagonal;
  if (known && source >= 0 && source + 16 < bases) {
    const run = equalForward(target + at, data + source, min(most, bases - source));
    if (run >= 8) consider(run, source, at, diagonal);
  }
  if (known && indexed && (at & probeMask) == 0 && findAnywhere(at, at, keyMin)) consider(min(found(), most), foundFrom(), at, diagonal);
  const first = load<u64>(target + at);
  let entry = load<u32>(headOf(target + at));
  for (let tries = depth; entry != 0 && tries > 0; tries--) {
    const record = entries + (<usize>(entry - 1) << 3);
    const position = load<i32>(record);
    const room = position < bases ? bases - position : most;
    // No length below eight is asked for.
    if (load<u64>(placeOf(position)) == first && load<u8>(placeOf(position) + bestLength) == load<u8>(target + at + bestLength)) {
      const run = equalForward(target + at, placeOf(position), min(most, room));
      if (run >= leastLength) consider(run, position, at, diagonal);
    }
    entry = load<u32>(record, 4);
  }
}
const keyMin: i32 = 16;

@inline
function consider(length: i32, source: i32, at: i32, diagonal: i32): void {
  const gain = gainOf(length, source, at, diagonal);
  if (gain > bestGain) {
    bestGain = gain;
    bestLength = length;
    bestSource = source;
  }
}

/** Gaps below this are only looked at along the diagonal: an index costs more than they have. */
const shortGapBytes: i32 = 20;
const manyShortGapBytes: i32 = 100;
/** More than this without a long match is looked at less closely. */
export const manyBytes: i32 = 128 << 10;

function alongDiagonal(from: i32, to: i32, diagonal: i32): void {
  if (!known || from + diagonal < 0 || to + diagonal > bases) return;
  for (let at = from; at + shortRunMin <= to; ) {
    const run = equalForward(target + at, data + at + diagonal, to - at);
    if (run >= shortRunMin) push(at, run, at + diagonal);
    at += run + 1;
  }
}
/** Which places ask the index of the whole base. */
let probeMask: i32 = 0;
/** Misses in a row, as a power of two, after which steps grow. */
let skipBits: i32 = 9;
let insertedPerCopy: i32 = 64;
export const mostBytes: i32 = 768 << 10;
let shortRunMin: i32 = 6;

function parseGap(from: i32, to: i32, diagonal: i32): void {
  if (to - from < (unmatched > manyBytes ? manyShortGapBytes : shortGapBytes)) {
    alongDiagonal(from, to, diagonal);
    return;
  }
  if (known) {
    // what the base has there
    let near = max(from + diagonal - nearBytes, 0);
    const nearTo = min(min(to - from, 4096) + from + diagonal + nearBytes, bases - 8);
    if (near >= insertedFrom && near < insertedTo) near = insertedTo;
    if (near < nearTo) {
      insertedFrom = near;
      insertedTo = nearTo;
      for (let p = near; p < nearTo; p++) insert(p);
    }
  }
  let at = from;
  const last = to - leastLength;
  let misses = 0;
  while (at <= last) {
    search(at, to, diagonal);
    if (bestGain <= 0) {
      insert(bases + at);
      misses++;
      at += 1 + min(misses >> skipBits, 15);
      continue;
    }
    misses = 0;
    let length = bestLength,
      source = bestSource,
      gain = bestGain;
    insert(bases + at);
    // one byte later may be better
    while (depth > 1 && at + 1 <= last && length < 256) {
      search(at + 1, to, diagonal);
      if (bestGain <= gain + 2) break;
      at++;
      insert(bases + at);
      length = bestLength;
      source = bestSource;
      gain = bestGain;
    }
    push(at, length, source);
    if (source < bases) diagonal = source - at;
    for (let p = at + 1, end = min(at + min(length, insertedPerCopy), last); p < end; p++) insert(bases + p);
    at += length;
  }
}

/** @param bits what a literal byte costs, in quarters of bits */
export function parse(basesBytes: u32, targetBytes: u32, basesKnown: bool, bits: i32, least: i32, candidates: i32, near: i32): void {
  bases = <i32>basesBytes;
  size = <i32>targetBytes;
  target = data + basesBytes + gapBytes;
  known = basesKnown;
  literalBits = bits;
  leastLength = least;
  depth = candidates;
  nearBytes = near;
  // Where little is left, the literal model foretells short runs better than operations tell them.
  shortRunMin = unmatched > manyBytes ? 6 : 10;
  probeMask = unmatched > manyBytes ? 24 : 0;
  skipBits = 9;
  insertedPerCopy = 64;
  if (unmatched > manyBytes) {
    depth = min(depth, 3);
    nearBytes = min(nearBytes, 128);
  }
  if (unmatched > mostBytes) {
    // Mostly new content: the block would hardly be sent as a delta.
    depth = 1;
    insertedPerCopy = 2;
    nearBytes = 0;
    leastLength = 12;
    skipBits = 4;
    probeMask = -1;
  }
  ops = 0;
  done = 0;
  entryCount = 0;
  insertedFrom = 0;
  insertedTo = 0;
  if (unmatched > 0) memory.fill(heads, 0, 4 << headBits);
  let diagonal = 0;
  let behind = 0;
  for (let i: u32 = 0; i < anchorCount; i++) {
    const record = anchorRecords + <usize>i * opRecordBytes;
    const at = load<i32>(record),
      length = load<i32>(record, 4),
      source = load<i32>(record, 8);
    if (at > behind) parseGap(behind, at, diagonal);
    push(at, length, source);
    diagonal = source - at;
    behind = at + length;
  }
  if (behind < size) parseGap(behind, size, diagonal);
  const record = opRecords + <usize>ops * opRecordBytes;
  store<i32>(record, size - done);
  store<i32>(record, 0, 4);
  store<i32>(record, 0, 8);
}

/** Moves copies to marks where that pays: after the last change of the operations. */
export function prepareMarks(): void {
  setMarks(known ? alignCopies(ops, bases) : -1);
}

export function operationCount(): u32 {
  return ops;
}

/** Sets the operations aside; how many there are. */
export function saveOperations(to: usize): u32 {
  memory.copy(to, opRecords, <usize>(ops + 1) * opRecordBytes);
  return ops;
}
export function restoreOperations(from: usize, count: u32): void {
  ops = count;
  memory.copy(opRecords, from, <usize>(ops + 1) * opRecordBytes);
}

/** Literal bytes that the operations leave. */
export function literalBytes(): i32 {
  let sum = 0;
  for (let i: u32 = 0; i <= ops; i++) sum += load<i32>(opRecords + <usize>i * opRecordBytes);
  return sum;
}

/** Whether most operations change a few bytes on the diagonal and go on, as where addresses moved. */
export function looksPatched(): bool {
  let patches: u32 = 0;
  let at = 0;
  let diagonal = 0;
  for (let i: u32 = 0; i < ops; i++) {
    const record = opRecords + <usize>i * opRecordBytes;
    const literals = load<i32>(record);
    at += literals;
    const source = load<i32>(record, 8);
    if (literals <= 8 && source - at == diagonal) patches++;
    if (source < bases) diagonal = source - at;
    at += load<i32>(record, 4);
  }
  return patches > 256 && patches * 2 > ops;
}
