// The long matches: first along the diagonal, then near it, and only where that fails anywhere in the bases.
import { equalBackward, equalForward } from "./compare";
import { anchorRecords, data, gapBytes, opRecordBytes, opsMax, scratch } from "./layout";

export let anchorCount: u32 = 0;
/** Bytes of the target in no anchor. */
export let unmatched: i32 = 0;
/** Whether {@link findAnywhere} may be asked. */
export let indexed: bool = false;

let bases: i32 = 0;
let size: i32 = 0;
let target: usize = 0;

const localHeads: usize = scratch + 13 * 1024 * 1024;
const localBits: u32 = 12;
const localBytes: i32 = 16384;
const localRunMin: i32 = 32;
const localRunSure: i32 = 512;

const anyHeads: usize = scratch;
const anyBits: u32 = 20;
const keyBytes: i32 = 16;
let stride: i32 = 4;
/** A run elsewhere in the bases is worth a jump from here. */
const jumpMin: i32 = 32;
/** From this length on it is taken at once; a shorter one only if none of the next bytes begins a better one. */
const jumpSure: i32 = 160;
const jumpLook: i32 = 32;

@inline
function hash8(p: usize): u64 {
  return load<u64>(p) * 0x9e3779b97f4a7c15;
}

@inline
function hash16(p: usize): u64 {
  const x = load<u64>(p) * 0x9e3779b97f4a7c15;
  return (x ^ rotl(load<u64>(p + 8), 29)) * 0xd6e8feb86659fd93;
}

@inline
function emit(at: i32, length: i32, source: i32): void {
  const record = anchorRecords + <usize>anchorCount * opRecordBytes;
  store<i32>(record, at);
  store<i32>(record, length, 4);
  store<i32>(record, source, 8);
  anchorCount++;
}

/** Begins a list of what is not found here; unmatched counts down. */
export function resetAnchors(targetBytes: i32): void {
  anchorCount = 0;
  unmatched = targetBytes;
  indexed = false;
}
export function emitAnchor(at: i32, length: i32, source: i32): void {
  if (anchorCount >= opsMax) return;
  emit(at, length, source);
  unmatched -= length;
}
/** Moves the list to `to`, and begins it anew; how many there were. */
export function takeAnchors(to: usize): u32 {
  const count = anchorCount;
  memory.copy(to, anchorRecords, <usize>count * opRecordBytes);
  for (let i: u32 = 0; i < count; i++) unmatched += load<i32>(to + <usize>i * opRecordBytes, 4);
  anchorCount = 0;
  return count;
}

let foundAt: i32 = 0;
let foundLength: i32 = 0;
let foundSource: i32 = 0;

/** The next place from `at` where 16 bytes on the diagonal are equal, or -1. */
function findOnDiagonal(at: i32, diagonal: i32, within: i32): i32 {
  const to = min(min(size, bases - diagonal) - 16, at + within);
  if (at + diagonal < 0) return -1;
  for (let i = at + 1; i <= to; i += 16) {
    const a = target + i,
      b = data + i + diagonal;
    if (!v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return i - equalBackward(a, b, i - at);
  }
  return -1;
}

/** Around where the base should go on, for insertions and deletions. */
function findNearby(at: i32, source: i32): bool {
  memory.fill(localHeads, 0, 2 << localBits);
  const from = max(source - localBytes / 4, 0);
  const to = min(from + localBytes, bases - 8);
  for (let p = from; p < to; p += 4) {
    store<u16>(localHeads + (<usize>(hash8(data + p) >>> (64 - localBits)) << 1), <u16>(((p - from) >> 2) + 1));
  }
  let last = min(size - 8, at + localBytes / 2);
  let best = 0;
  for (let u = at; u < last; u++) {
    const head = load<u16>(localHeads + (<usize>(hash8(target + u) >>> (64 - localBits)) << 1));
    if (head == 0) continue;
    const p = from + ((<i32>head - 1) << 2);
    if (load<u64>(data + p) != load<u64>(target + u)) continue;
    const behind = equalBackward(target + u, data + p, min(u - at, p));
    const length = behind + equalForward(target + u, data + p, min(size - u, bases - p));
    if (length < localRunMin || length <= best) continue;
    // The first match may be a phrase that stands in many places: the real continuation is much longer.
    if (best == 0) last = min(last, u + localBytes / 16);
    best = length;
    foundAt = u - behind;
    foundLength = length;
    foundSource = p - behind;
    if (length >= localRunSure) break;
  }
  return best > 0;
}

function buildIndex(): void {
  memory.fill(anyHeads, 0, 4 << anyBits);
  // Up to 2 ** 20 places fit into 22 bits of an entry, whose other 10 tell most wrong ones without a look.
  stride = bases > 8 << 20 ? 16 : bases > 2 << 20 ? 8 : 4;
  let last: u64 = 0;
  for (let p = 0, to = bases - keyBytes; p <= to; p += stride) {
    const hash = hash16(data + p);
    if (hash == last) continue;
    last = hash;
    const head = anyHeads + (<usize>(hash >>> (64 - anyBits)) << 2);
    const entry = <u32>(((<u32>p / stride + 1) << 10) | (<u32>hash & 1023));
    if (load<u32>(head) == 0) store<u32>(head, entry);
    else store<u32>(anyHeads + ((<usize>(hash >>> (64 - anyBits)) ^ 1) << 2), entry);
  }
  indexed = true;
}

/** The longest indexed match at `at` that may begin at `from` or later; false below `least` bytes. */
export function findAnywhere(at: i32, from: i32, least: i32): bool {
  if (at > size - keyBytes) return false;
  const hash = hash16(target + at);
  const index = <usize>(hash >>> (64 - anyBits));
  let best = least - 1;
  for (let way: usize = 0; way < 2; way++) {
    const entry = load<u32>(anyHeads + ((index ^ way) << 2));
    if (entry == 0 || ((entry ^ <u32>hash) & 1023) != 0) continue;
    const p = <i32>((entry >>> 10) - 1) * stride;
    const ahead = equalForward(target + at, data + p, min(size - at, bases - p));
    if (ahead < keyBytes) continue;
    const behind = equalBackward(target + at, data + p, min(at - from, p));
    if (ahead + behind <= best) continue;
    best = ahead + behind;
    foundAt = at - behind;
    foundLength = best;
    foundSource = p - behind;
  }
  return best >= least;
}

export function found(): i32 {
  return foundLength;
}
export function foundFrom(): i32 {
  return foundSource;
}
export function foundStart(): i32 {
  return foundAt;
}

/** Lists matches in ascending order of the target that do not overlap. */
export function findAnchors(basesBytes: u32, targetBytes: u32): void {
  bases = <i32>basesBytes;
  size = <i32>targetBytes;
  target = data + basesBytes + gapBytes;
  anchorCount = 0;
  unmatched = 0;
  indexed = false;
  let at = 0;
  let diagonal = 0;
  let nearbyTries = 0;
  let nearbyFailures = 0;
  let mismatches = 0;
  while (at < size && anchorCount < opsMax) {
    const source = at + diagonal;
    if (source >= 0 && source < bases) {
      const run = equalForward(target + at, data + source, min(size - at, bases - source));
      if (run >= 16 || (run > 0 && run == size - at)) {
        emit(at, run, source);
        at += run;
        continue;
      }
    }
    mismatches++;
    if (size - at < 24) break;
    const next = findOnDiagonal(at, diagonal, indexed ? 512 : 4096);
    if (!indexed) {
      if (next >= 0 && next - at <= 256) {
        // An index pays from some number of mismatches: records in another order look like edits at first.
        if (mismatches < 512) {
          unmatched += next - at;
          at = next;
          continue;
        }
        buildIndex();
      } else if (nearbyTries < 64 && nearbyFailures < 4) {
        nearbyTries++;
        if (findNearby(at, at + diagonal) && (next < 0 || foundAt <= next)) {
          unmatched += foundAt - at;
          at = foundAt;
          diagonal = foundSource - foundAt;
          continue;
        }
        nearbyFailures++;
        if (next >= 0) {
          unmatched += next - at;
          at = next;
          continue;
        }
        if (size - at <= 1024) {
          unmatched += size - at;
          break;
        }
        buildIndex();
      } else if (next >= 0) {
        unmatched += next - at;
        at = next;
        continue;
      } else buildIndex();
    }
    // anywhere: until the diagonal goes on, or to the end
    const limit = next >= 0 ? max(next, at + 4) : size;
    const nextRun = next >= 0 ? equalForward(target + next, data + next + diagonal, min(size - next, bases - next - diagonal)) : 0;
    let best = 0,
      bestAt = 0,
      bestSource = 0;
    let last = limit;
    // A few changed bytes in what goes on well: nothing better is looked for.
    if (next >= 0 && next - at <= 4 && nextRun >= 48) last = at;
    for (let u = at, misses = 0; u < last; u += 1 + min(misses >> 8, 14), misses++) {
      if (!findAnywhere(u, at, best > jumpMin ? best : jumpMin)) continue;
      if (next >= 0 && foundSource - foundAt != diagonal && foundLength < nextRun + (next - foundAt) + 16) continue;
      if (best > 0 && foundLength - foundAt <= best - bestAt) continue;
      if (best == 0) last = min(last, u + jumpLook);
      best = foundLength;
      bestAt = foundAt;
      bestSource = foundSource;
      if (best >= jumpSure) break;
    }
    if (best > 0) {
      unmatched += bestAt - at;
      at = bestAt;
      diagonal = bestSource - bestAt;
      // Said again from the top of the loop, where the run is at least as long.
    } else if (next >= 0) {
      unmatched += next - at;
      at = next;
    } else {
      unmatched += size - at;
      at = size;
    }
  }
  if (at < size) unmatched += size - at;
}
