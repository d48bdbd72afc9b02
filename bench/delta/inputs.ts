/** The benchmark's inputs: pairs of old and new content, the same on every machine but for what the registry gives. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { documents, jsonRecords, logLines, randomBytes, randomOf, shuffled } from "./generated.ts";
import { sqlitePair, vacuumedPair } from "./sqlite.ts";

export type Pair = { readonly name: string; readonly old: Uint8Array; readonly new: Uint8Array };
export type Input = { readonly name: string; make(): Pair };

const KiB = 1024;
const MiB = 1024 * KiB;
const blockBytes = 4 * MiB;
const text = (value: string) => Buffer.from(value);

const of = (name: string, make: () => readonly [Uint8Array, Uint8Array]): Input => ({
  name,
  make: () => {
    const [old, next] = make();
    return { name, old, new: next };
  },
});

/** @param folder keeps what takes long to make or comes from the registry */
export function inputs(folder: string): Input[] {
  const random = randomBytes(blockBytes, 1);
  const edited = (seed: number, edits: readonly number[], bytes: number) => {
    const result = Buffer.from(random);
    edits.forEach((at, index) => randomBytes(bytes, seed + index).copy(result, at));
    return result;
  };
  const positions = () => Array.from({ length: 20 }, (_, index) => Math.floor(randomOf(4 + index)() * (blockBytes - 50)));
  const tar = (name: string, from: string, to: string, cut = blockBytes): Input => ({
    name,
    make: () => ({ name, old: packed(folder, from).subarray(0, cut), new: packed(folder, to).subarray(0, cut) }),
  });
  return [
    of("01 overwrite 100 B", () => [random, edited(2, [1_700_003], 100)]),
    of("02 insert 100 B", () => {
      const next = Buffer.concat([random.subarray(0, 1_500_001), randomBytes(100, 3), random.subarray(1_500_001)]);
      return [random, next.subarray(0, blockBytes)];
    }),
    of("03 overwrite 20 x 50 B", () => [random, edited(5, positions(), 50)]),
    of("04 JSON, 12 values", () => {
      const records = jsonRecords(blockBytes);
      const pick = randomOf(8);
      const next = records.map((record) =>
        pick() < 12 / records.length ? record.replace(/"balance":[^,]*/, `"balance":${pick()}`) : record,
      );
      return [text(records.join("\n")), text(next.join("\n"))];
    }),
    of("05 move 1 MiB", () => {
      const [a, b, c, d] = [
        random.subarray(0, MiB / 2),
        random.subarray(MiB / 2, 1.5 * MiB),
        random.subarray(1.5 * MiB, 2.5 * MiB),
        random.subarray(2.5 * MiB),
      ];
      return [random, Buffer.concat([a, c, b, d])];
    }),
    of("06 sqlite, 270 rows", () => sqlitePair(folder)),
    of("07 JSON, reordered", () => {
      const records = jsonRecords(blockBytes);
      return [text(records.join("\n")), text(shuffled(records, 9).join("\n"))];
    }),
    of("08 docx, saved again", documents),
    of("09 log, 64 KiB more", () => {
      const lines = logLines(blockBytes - 200);
      const all = text(lines);
      return [all.subarray(0, lines.lastIndexOf("\n", blockBytes - 64 * KiB) + 1), all];
    }),
    tar("10 tar lodash", "lodash@4.17.20", "lodash@4.17.21"),
    tar("11 tar hono", "hono@4.6.1", "hono@4.6.2"),
    tar("12 tar react-dom", "react-dom@18.2.0", "react-dom@18.3.1"),
    tar("13 executable esbuild", "@esbuild/linux-x64@0.21.4", "@esbuild/linux-x64@0.21.5"),
    of("14 unrelated", () => [random, randomBytes(blockBytes, 99)]),
    of("15 JSON, a record", () => {
      const records = jsonRecords(200_000);
      return [text(records.join("\n")), text(records.toSpliced(500, 0, jsonRecords(2000, 10)[5] ?? "").join("\n"))];
    }),
    of("16 source, a line", () => {
      const old = packed(folder, "react-dom@18.2.0").subarray(MiB, MiB + 64 * KiB);
      const line = text("  // fixed: handle empty input before the loop\n  if (!node) return undefined;\n");
      return [old, Buffer.concat([old.subarray(0, 30_000), line, old.subarray(30_000)])];
    }),
    of("17 sqlite, VACUUM", () => vacuumedPair(folder)),
    of("18 CSV, reordered", () => {
      const rows = jsonRecords(blockBytes).map((record) => Object.values(JSON.parse(record) as object).join(","));
      return [text(rows.join("\n")), text(shuffled(rows, 11).join("\n"))];
    }),
  ];
}

/** A version of a package as an uncompressed tar, by npm. Throws when the registry cannot be had. */
export function packed(folder: string, spec: string): Uint8Array {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${spec.replace(/^@/, "").replace(/[/@]/g, "-")}.tgz`);
  if (!existsSync(file)) execFileSync("npm", ["pack", spec, "--pack-destination", folder], { stdio: "ignore" });
  return gunzipSync(readFileSync(file));
}
