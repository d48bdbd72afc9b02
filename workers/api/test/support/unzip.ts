/** Reads an archive back, strictly: by its central directory, and every checksum compared. */
import { crc32 } from "node:zlib";

export type Unzipped = { readonly name: string; readonly bytes: Buffer };

export function unzip(archive: Buffer): Unzipped[] {
  const end = archive.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  return Array.from({ length: count }, () => {
    if (archive.readUInt32LE(at) !== 0x02014b50) throw new Error("no entry of the directory");
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field));
    const name = archive.subarray(at + 46, at + 46 + (nameBytes ?? 0)).toString();
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const bytes = archive.subarray(start, start + archive.readUInt32LE(at + 20));
    if ((archive.readUInt16LE(at + 8) & 0x800) === 0) throw new Error("the name is not said to be UTF-8");
    if (archive.readUInt16LE(at + 10) !== 0) throw new Error("only stored entries are read here");
    if (crc32(bytes) !== archive.readUInt32LE(at + 16)) throw new Error(`${name} has another checksum`);
    at += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
    return { name, bytes };
  });
}
