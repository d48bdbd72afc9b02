/** A tree as people have it: 500 files of all sizes, and names that are hard to keep. */
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Random } from "./random.ts";

const MiB = 1024 * 1024;

/** Some bytes of a block's cut, small ones, and one past the limits in between. */
const sizes = [0, 1, 2, 100, 1000, 4096, 65_535, 65_536, 65_537, 200_000, 524_288, 524_289, MiB + 1, 3 * MiB];

const names = [
  "plain.txt",
  "two words.txt",
  " leading and trailing ",
  "quote ' and \" and \\ backslash",
  "newline\nin the name",
  "emoji \u{1f9f1}\u{1f469}\u200d\u{1f680}.png",
  // NFC and NFD: the disk keeps the bytes it was given.
  "caf\u00e9.txt",
  "re\u0301sume\u0301.txt",
  "\ud55c\uad6d\uc5b4.txt",
  "\u1112\u1161\u11ab.txt",
  "-rf",
  "#hash%20percent?query&and=more",
  "dot.",
  ".hidden",
  "long ".padEnd(251, "x").concat(".txt"),
  "\u202eright to left",
];

/** Writes the tree below `root`, and answers how many files it has. */
export async function writeRealFiles(root: string, random: Random, count = 500): Promise<number> {
  const folders = ["", "docs", "docs/more docs", "photos/2026/11", "u\u0308ber/NFD", deepFolder(24), "empty beside/full"];
  await mkdir(join(root, "an empty folder/and another"), { recursive: true });
  let written = 0;
  const write = async (path: string, bytes: Buffer, mode = 0o644) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytes);
    await chmod(join(root, path), mode);
    written++;
  };
  for (const name of names) await write(name, random.bytes(random.integer(0, 5000)));
  for (const [index, size] of sizes.entries()) await write(join("sizes", `${index} of ${size}`), random.bytes(size));
  await write("big/40 MiB.bin", random.bytes(40 * MiB));
  await write("bin/run me.sh", Buffer.from("#!/bin/sh\necho hello\n"), 0o755);
  await write("secret/for me only.txt", Buffer.from("secret"), 0o600);
  await write("secret/read only.txt", Buffer.from("look, do not touch"), 0o444);
  await chmod(join(root, "secret"), 0o700);
  const same = random.bytes(2 * MiB);
  await write("same/one.bin", same);
  await write("same/two.bin", same);
  const links = 3;
  const more = count - links - written;
  for (let index = 0; index < more; index++) {
    await write(join(random.pick(folders), `file ${index}.dat`), random.bytes(random.integer(0, random.pick([50, 2000, 20_000, 90_000]))));
  }
  await symlink("plain.txt", join(root, "link to plain"));
  await symlink("../no such thing", join(root, "docs", "dangling link"));
  await symlink("docs", join(root, "link to a folder"));
  return written + links;
}

function deepFolder(depth: number): string {
  return Array.from({ length: depth }, (_, level) => `level ${level}`).join("/");
}
