/**
 * `npm run bench:blocks`: what storing costs, counted at a real edge where Cloudflare bills it (D1's own counts of rows among it), and
 * how full the packs of an account stay over a month of edits.
 *
 * BENCH_SCALE (1) shrinks the large files for a trial run, and their figures are still for a GiB.
 */
import { appendFile, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Counts, countingRoot, takeCounts } from "../test/e2e/support/counting-edge.ts";
import { eventually } from "../test/e2e/support/eventually.ts";
import { openHouse } from "../test/e2e/support/house.ts";
import { seeded } from "../test/e2e/support/random.ts";
import { monthOfEdits } from "./pack-fill.ts";

const scale = Number(process.env["BENCH_SCALE"] ?? 1);
const MiB = 1024 * 1024;
const largeBytes = Math.round(256 * MiB * scale);
const largeFiles = 4;
const smallFiles = 10_000;
const edits = 10;
const random = seeded(20_261_127);

/** $ for a million, of the paid plan without what it includes; deletions and egress are free. */
const prices: Readonly<Partial<Record<keyof Counts, number>>> = {
  requests: 0.3,
  objectCalls: 0.15,
  r2Writes: 4.5,
  r2Reads: 0.36,
  d1RowsRead: 0.001,
  d1RowsWritten: 1,
};

type Row = Record<string, string>;

function row(what: string, counts: Counts, share = 1): Row {
  const each = (value: number) => Number((value / share).toFixed(1));
  const dollars = Object.entries(prices).reduce((sum, [name, price]) => sum + (counts[name as keyof Counts] / share / 1e6) * price, 0);
  return {
    what,
    requests: String(each(counts.requests)),
    objects: String(each(counts.objectCalls)),
    "R2 A": String(each(counts.r2Writes)),
    "R2 B": String(each(counts.r2Reads)),
    "rows written": String(each(counts.d1RowsWritten)),
    "rows read": String(each(counts.d1RowsRead)),
    $: dollars.toPrecision(2),
  };
}

await using house = await openHouse({}, { makeRoot: countingRoot });
const email = "cost@example.org";
const a = await house.device("A", { email, register: true, direct: true });
const b = await house.device("B", { email, direct: true });
await mkdir(a.folder, { recursive: true });
const rows: Row[] = [];

async function sync(what: string, share: number): Promise<void> {
  await takeCounts(house);
  await a.once();
  rows.push(row(`${what}, up`, await takeCounts(house), share));
  await b.once();
  rows.push(row(`${what}, down`, await takeCounts(house), share));
}

for (let at = 0; at < smallFiles; at++) {
  const folder = join(a.folder, `folder ${Math.floor(at / 100)}`);
  if (at % 100 === 0) await mkdir(folder);
  await writeFile(join(folder, `file ${at}`), random.bytes(4096));
}
await sync("10,000 files of 4 KB", 1);
for (let at = 0; at < largeFiles; at++) await writeFile(join(a.folder, `large ${at}`), random.bytes(largeBytes));
await sync("1 GiB of large files", (largeFiles * largeBytes) / (1024 * MiB));

{
  await using onA = a.start();
  await using onB = b.start();
  const cursorOf = ({ events }: typeof onA) => Number(events.findLast(({ type }) => type === "equal")?.["cursor"] ?? -1);
  await eventually(() => (cursorOf(onA) >= 0 && cursorOf(onA) === cursorOf(onB) ? undefined : "both are equal"));
  const live = async (what: string, edit: (at: number) => Promise<void>) => {
    await takeCounts(house);
    for (let at = 0; at < edits; at++) {
      const before = cursorOf(onB);
      await edit(at);
      await eventually(() => (cursorOf(onB) > before && cursorOf(onA) === cursorOf(onB) ? undefined : "the edit arrives"));
    }
    rows.push(row(`${what}, live on both`, await takeCounts(house), edits));
  };
  await live("an edit of a small file", (at) => appendFile(join(a.folder, "folder 0", "file 0"), `line ${at}\n`));
  await live("100 bytes in a large file", async (at) => {
    await using handle = await open(join(a.folder, "large 0"), "r+");
    await handle.write(random.bytes(100), 0, 100, 12_345 + at * 1000);
  });
}
console.table(rows);
console.log("Both devices' requests; without the object's own storage (two or three rows in each commit) and processor time.");
console.table(await monthOfEdits());
console.log(
  "An account of 5,000 small files, 40 commits of 1 to 5 changed files a day, deletions among them; history is kept for 30 days.",
);
