/** Content by recipe and seed. */
import { crc32, deflateRawSync } from "node:zlib";

/** Numbers from 0 to 1, the same for a seed on every machine (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomBytes(count: number, seed: number): Buffer {
  const next = randomOf(seed * 7919);
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count; at++) bytes[at] = next() * 256;
  return bytes;
}

const below = (next: () => number, limit: number) => Math.floor(next() * limit);
const oneOf = (next: () => number, from: readonly string[]): string => from[below(next, from.length)] ?? "";
const hex = (next: () => number) => below(next, 2 ** 32).toString(16);

const firstNames = "Anna Ben Carla David Emil Frida Georg Hanna Ivan Julia Karl Lena Max Nora Otto Paula".split(" ");
const lastNames = "Schmidt Meyer Weber Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf".split(" ");
const cities = "Berlin Hamburg Munich Cologne Frankfurt Stuttgart Leipzig Dresden".split(" ");

/** Records of about 170 bytes, one JSON object each, until they have `bytes`. */
export function jsonRecords(bytes: number, seed = 6): string[] {
  const next = randomOf(seed);
  const records: string[] = [];
  for (let total = 0; total < bytes - 400; total += (records.at(-1)?.length ?? 0) + 1) {
    records.push(
      JSON.stringify({
        id: records.length,
        uuid: `${hex(next)}-${hex(next)}`,
        name: `${oneOf(next, firstNames)} ${oneOf(next, lastNames)}`,
        email: `user${records.length}@example.${oneOf(next, ["com", "org", "net"])}`,
        age: 18 + below(next, 70),
        city: oneOf(next, cities),
        balance: below(next, 10_000_000) / 100,
        active: next() < 0.5,
        tags: Array.from({ length: below(next, 4) }, () => oneOf(next, ["a", "beta", "gold", "trial", "vip"])),
      }),
    );
  }
  return records;
}

export function shuffled(records: readonly string[], seed: number): string[] {
  const next = randomOf(seed);
  return records
    .map((record) => ({ record, key: next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ record }) => record);
}

const digits = (value: number, count: number) => String(value).padStart(count, "0");

export function logLines(bytes: number): string {
  const next = randomOf(7);
  let lines = "";
  for (let index = 0; lines.length < bytes; index++) {
    const time = `${digits(index % 24, 2)}:${digits(below(next, 60), 2)}:${digits(below(next, 60), 2)}.${digits(below(next, 1000), 3)}Z`;
    lines +=
      `2026-11-${digits(1 + (index % 28), 2)}T${time} ${oneOf(next, ["INFO", "WARN", "DEBUG", "ERROR"])} [worker-${below(next, 8)}] ` +
      `req=${hex(next)}${hex(next)} path=/api/v1/blocks/${hex(next)} status=${oneOf(next, ["200", "201", "304", "404", "500"])} ` +
      `bytes=${below(next, 4_194_304)} ms=${below(next, 900)}\n`;
  }
  return lines.slice(0, bytes);
}

/** A document of text and pictures, and the same with a paragraph more, zipped anew. */
export function documents(): [Uint8Array, Uint8Array] {
  const next = randomOf(60);
  const words =
    "the quick brown fox jumps over lazy dog revenue quarter margin growth customer sync protocol block hash delta forecast".split(" ");
  let body = '<?xml version="1.0"?><w:document><w:body>';
  for (let paragraph = 0; paragraph < 6000; paragraph++) {
    const line = Array.from({ length: 8 + below(next, 40) }, () => oneOf(next, words)).join(" ");
    body += `<w:p w:rsidR="00${hex(next)}"><w:r><w:t>${line} </w:t></w:r></w:p>`;
  }
  body += "</w:body></w:document>";
  const pictures = Array.from(
    { length: 7 },
    (_, index) => [`word/media/image${index}.jpeg`, randomBytes(480_000 + index * 1111, 50 + index)] as const,
  );
  const archive = (document: string, time: number) =>
    zip([["word/document.xml", Buffer.from(document)], ["word/styles.xml", Buffer.from(body.slice(0, 30_000))], ...pictures], time);
  const added = "<w:p><w:r><w:t>A new paragraph typed by the user.</w:t></w:r></w:p>";
  const at = body.indexOf("<w:p ", 400_000);
  return [archive(body, 0x5c22_1883), archive(body.slice(0, at) + added + body.slice(at), 0x5c43_20a3)];
}

function zip(files: readonly (readonly [string, Uint8Array])[], time: number): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, contents] of files) {
    const packed = deflateRawSync(contents);
    // version, flags, method, time, CRC-32, sizes, length of the name: the same in both places
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(time, 6);
    shared.writeUInt32LE(crc32(contents), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(contents.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), shared, Buffer.from(name), packed]);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\0"), shared, place, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(18);
  const listed = Buffer.concat(directory);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listed, Buffer.from("PK\u0005\u0006"), end]);
}
