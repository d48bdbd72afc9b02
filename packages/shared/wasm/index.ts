// What the host calls. It writes bases, target, bodies and signatures into the memory, and reads results from there.
import { findAnchors, unmatched } from "./anchors";
import { decoderIsExact, finishEncoder, startDecoder, startEncoder } from "./coder";
import { clearFields } from "./fields";
import { body, bodyBytesMax, data, gapBytes, rawOut, reserve as reserveData, savedOperations, savedOperationsMax, savedRaw, savedStream, signatures } from "./layout";
import { buildTables } from "./model";
import {
  codeOperations,
  lightBytesMax,
  lightLiterals,
  rawAt,
  rawLiterals,
  setModes,
  setRaw,
  strongBytesMax,
  strongLiterals,
} from "./operations";
import { literalBytes, looksPatched, manyBytes, operationCount, parse, prepareMarks, restoreOperations, saveOperations } from "./parse";
import { findSigned, signBlock } from "./signature";

let ready: bool = false;
const baseStarts: StaticArray<i32> = [0, 0, 0, 0];
const baseSizes: StaticArray<i32> = [0, 0, 0, 0];

export function dataAt(): usize {
  return data;
}
export function bodyAt(): usize {
  return body;
}
export function targetAt(bases: u32): usize {
  return data + bases + gapBytes;
}
export function rawOutAt(): usize {
  return rawOut;
}
export function signaturesAt(): usize {
  return signatures;
}

/** Room for this many bytes of bases and target; false when the host has no memory. */
export function reserve(bytes: u32): bool {
  if (!reserveData(bytes)) return false;
  if (!ready) buildTables();
  ready = true;
  return true;
}

export function setBase(index: i32, start: i32, bytes: i32): void {
  // Those that are not given begin where the first does.
  if (index == 0) for (let i = 1; i < 4; i++) baseStarts[i] = 0;
  baseStarts[index] = start;
  baseSizes[index] = bytes;
}

let coderBytes: u32 = 0;
let rawBytes: u32 = 0;
let codingUsed: u32 = 0;
export function streamBytes(): u32 {
  return coderBytes;
}
export { rawByteCount as rawBytes };
function rawByteCount(): u32 {
  return rawBytes;
}
/** How literals are coded: mode | bits of the tables << 8 | what was learned << 16. */
export function coding(): u32 {
  return codingUsed;
}

function setCoding(value: u32, known: bool): void {
  codingUsed = value;
  setModes(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24 != 0, known);
}

function write(bases: u32, target: u32, mode: i32, literals: i32, learned: i32, differs: bool, known: bool): void {
  const bits = <u32>min(18, max(12, 32 - clz(literals) + 3));
  setCoding(mode == strongLiterals ? mode | (bits << 8) | (<u32>learned << 16) | (<u32>differs << 24) : mode | (<u32>differs << 24), known);
  startEncoder(body, body + bodyBytesMax);
  clearFields();
  setRaw(rawOut, rawOut + bodyBytesMax);
  codeOperations(bases, baseStarts, target);
  coderBytes = finishEncoder();
  rawBytes = <u32>(rawAt - rawOut);
}

function writeBest(bases: u32, target: u32, known: bool): void {
  prepareMarks();
  const literals = literalBytes();
  const mode = literals == 0 ? rawLiterals : literals <= strongBytesMax ? strongLiterals : literals <= lightBytesMax ? lightLiterals : rawLiterals;
  write(bases, target, mode, literals, literals > 4096 ? 0 : literals > 512 ? 1 : literals > 128 ? 2 : 3, mode != rawLiterals && known && unmatched > manyBytes && looksPatched(), known);
}

/** What a literal costs, in quarters of bits, as the parser believes: where it costs little, few short matches are worth a copy. */
const dearLiteral: i32 = 10;
const cheapLiteral: i32 = 3;
/** Less than this is parsed one way only, for the time. */
const twiceFrom: i32 = 1024;
const oneParseFrom: i32 = 384 << 10;

export function encode(bases: u32, target: u32): void {
  findAnchors(bases, target);
  if (unmatched < twiceFrom || unmatched > manyBytes) {
    const literal = unmatched < twiceFrom || unmatched > oneParseFrom ? dearLiteral : cheapLiteral;
    parse(bases, target, true, literal, 8, 8, 512);
    writeBest(bases, target, true);
    return;
  }
  // Which is right shows only in the result. Both parses come first, since the models take the place of the indexes.
  parse(bases, target, true, dearLiteral, 8, 8, 512);
  if (operationCount() > savedOperationsMax) {
    writeBest(bases, target, true);
    return;
  }
  const count = saveOperations(savedOperations);
  parse(bases, target, true, cheapLiteral, 8, 8, 512);
  writeBest(bases, target, true);
  const stream = coderBytes,
    raw = rawBytes,
    used = codingUsed;
  memory.copy(savedStream, body, stream);
  memory.copy(savedRaw, rawOut, raw);
  restoreOperations(savedOperations, count);
  writeBest(bases, target, true);
  if (coderBytes + rawBytes <= stream + raw) return;
  memory.copy(body, savedStream, stream);
  memory.copy(rawOut, savedRaw, raw);
  coderBytes = stream;
  rawBytes = raw;
  codingUsed = used;
}

export function sign(bytes: u32): u32 {
  return signBlock(bytes);
}

export function encodeFromSignatures(count: i32, bases: u32, target: u32): void {
  findSigned(count, baseStarts, baseSizes, bases, target);
  parse(bases, target, false, 10, 8, 8, 0);
  writeBest(bases, target, false);
}

/** 0, or what is wrong: see codeOperations; 7: the stream does not end where it should, 8: not all raw literals are used. */
export function decode(bases: u32, target: u32, stream: u32, raw: u32, codingGiven: u32, known: bool): i32 {
  setCoding(codingGiven, known);
  startDecoder(body, body + stream);
  clearFields();
  setRaw(body + stream, body + stream + raw);
  const fault = codeOperations(bases, baseStarts, target);
  if (fault != 0) return fault;
  if (!decoderIsExact()) return 7;
  return rawAt == body + stream + raw ? 0 : 8;
}
