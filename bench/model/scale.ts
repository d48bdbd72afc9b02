/** docs/SCALE.md, every figure of it from the model. */
import { accessTokenMs } from "@ashlar/shared/limits";
import { billedOf, blockMiB, d1WaitMs, databaseBytesOf, type Month, monthOf, reconnectionsPerDay } from "./cost.ts";
import { d1ReadMs, d1WriteMs, type Limit, limitsOf, type Shards } from "./limits.ts";
import { type Measured, once } from "./measured.ts";
import { people, type Person, seeds } from "./people.ts";
import { add, type Billed, dollars, prices, times } from "./prices.ts";

/** The production template's, beside those of the configuration. */
const template: Shards = { meta: 64, index: 16 };
const secondsOfDay = 86_400;

/** Of the configuration, by the names of its databases' bindings. */
export function shardsOf({ databases }: { databases: readonly { binding: string }[] }): Shards {
  const number = (prefix: string) => databases.filter(({ binding }) => binding.startsWith(prefix)).length;
  return { meta: number("META_"), index: number("INDEX_") };
}

export function scaleText(measured: Measured, configured: Shards): string {
  const { operations, cpu } = measured;
  const total = times(Object.values(monthOf(measured, seeds.person)).reduce(add), seeds.users);
  const idle = (seeds.users * reconnectionsPerDay(seeds.person)) / secondsOfDay;
  const requests = once(measured, "refresh").requests + once(measured, "listen").requests;
  const bytes = databaseBytesOf(measured, seeds.person);
  const [firstNow] = limitsOf(measured, seeds.person, configured);
  const [first] = limitsOf(measured, seeds.person, template);
  return `# Scale

What a user costs a month at Cloudflare's edge, and how far the design goes. \`npm run scale\` writes this page: do not edit it. Operations are counted (\`npm run bench:count\`, and tests hold them to it);
people, and what the platform does in production, are assumed. Nothing was deployed.

## What an operation asks

Rows are D1's; "object" is requests of the user's Durable Object, with a twentieth of each message. CPU is that of the local edge on ${cpu.machine} (commit ${cpu.commit}), its databases and bucket among it: more than is billed.

${table(
  ["operation", "requests", "object", "rows read", "rows written", "R2 A", "R2 B", "CPU ms", "$ for a million"],
  Object.entries(operations.counted).map(([name, { what }]) => {
    const { requests: asked, objectCalls, objectMessages, d1RowsRead, d1RowsWritten, r2Writes, r2Reads, cpuMs } = once(measured, name);
    const cells = [asked, objectCalls + objectMessages / 20, d1RowsRead, d1RowsWritten, r2Writes, r2Reads, cpuMs].map(count);
    return [what, ...cells, count(dollars(billed(measured, name)) * 1e6)];
  }),
)}

## What a person costs in a month

An object is billed while it waits for D1, taken as ${d1WaitMs} ms each time; what the paid plan includes is left out. Storage counts 30 days of history, and nothing that deduplication saves.

${table(
  ["", ...people.map(({ name }) => name), seeds.person.name],
  [
    ...peopleRows,
    ...Object.keys(monthOf(measured, seeds.person)).map((part) => [
      `**$ ${part}**`,
      ...[...people, seeds.person].map((person) => money(dollars(monthOf(measured, person)[part as keyof Month]))),
    ]),
    ["**$ in all**", ...[...people, seeds.person].map((person) => money(dollars(Object.values(monthOf(measured, person)).reduce(add))))],
  ],
)}

## 100 million devices

${count(seeds.users / 1e6)} million users with ${seeds.person.devices} devices each, all connected; ${count(seeds.requestsPerSecond)} requests a second, taken as edits; ${seeds.person.gb} PB for a million users. In a month:

${table(
  ["", "amount", "$"],
  [
    ["requests of Workers", `${count(total.workerRequest / 1e9)} G`, million(total, ["workerRequest", "workerCpuMs"])],
    [
      "requests of objects",
      `${count(total.objectRequest / 1e9)} G`,
      million(total, ["objectRequest", "objectGbSecond", "objectRowRead", "objectRowWritten"]),
    ],
    ["D1 rows written", `${count(total.d1RowWritten / 1e9)} G`, million(total, ["d1RowRead", "d1RowWritten"])],
    ["D1 storage", `${count(total.d1GbMonth / 1000)} TB`, million(total, ["d1GbMonth"])],
    ["R2 operations", `${count((total.r2ClassA + total.r2ClassB) / 1e9)} G`, million(total, ["r2ClassA", "r2ClassB"])],
    ["R2 storage", `${count(total.r2GbMonth / 1e6)} PB`, million(total, ["r2GbMonth"])],
  ],
)}

An open socket costs nothing, but the end of its token every ${accessTokenMs / 60_000} minutes does: ${count(idle)} reconnections a second, ${count(idle * requests)} requests, ${count((idle * requests) / seeds.requestsPerSecond)} times those of the edits, and
${percent(partOf(measured, "connections"))} of the bill. Edits are ${percent(partOf(measured, "edits"))} of it, stored bytes ${percent(partOf(measured, "R2 storage"))}.

## Which limit comes first

Users of that kind (${count(seeds.person.files)} files, ${count(editsPerDay(seeds.person))} edits a day, ${megabytes(bytes.meta)} of metadata and ${megabytes(bytes.index)} of block index each; a block is ${count(blockMiB(measured))} MiB) until a limit of the platform is met, with the ${configured.meta} meta and
${configured.index} index shards of wrangler.toml, and with ${template.meta} and ${template.index}. A database is taken to do one thing at a time, a read in ${d1ReadMs} ms and a write in ${d1WriteMs}.
First comes ${firstOf(firstNow)} with the former, and ${firstOf(first)} with the latter.

${table(
  [
    "limit",
    `${configured.meta} and ${configured.index} shards`,
    `${template.meta} and ${template.index} shards`,
    "what the design does there",
  ],
  limitRows(measured, configured),
)}
`;
}

function billed(measured: Measured, name: string): Billed {
  return billedOf(once(measured, name));
}

const peopleRows: string[][] = (
  [
    ["devices", ({ devices }) => count(devices)],
    ["hours connected a day, each", ({ hoursConnected }) => count(hoursConnected)],
    ["files", ({ files }) => count(files)],
    ["GB", ({ gb }) => count(gb)],
    ["new small files a day", ({ newFiles }) => count(newFiles)],
    ["edits of small files a day", ({ smallEdits }) => count(smallEdits)],
    ["edits of large files a day", ({ largeEdits }) => count(largeEdits)],
    ["renames and deletions a day", ({ renames, deletions }) => count(renames + deletions)],
    ["MiB of new large files a day", ({ newMiB }) => count(newMiB)],
  ] satisfies [string, (person: Person) => string][]
).map(([what, cell]) => [what, ...[...people, seeds.person].map(cell)]);

/** Of the seeds' bill. */
function partOf(measured: Measured, part: keyof Month): number {
  const month = monthOf(measured, seeds.person);
  return dollars(month[part]) / dollars(Object.values(month).reduce(add));
}

function editsPerDay({ newFiles, smallEdits, largeEdits, renames, deletions }: Person): number {
  return newFiles + smallEdits + largeEdits + renames + deletions;
}

function limitRows(measured: Measured, configured: Shards): string[][] {
  const now = limitsOf(measured, seeds.person, configured);
  return limitsOf(measured, seeds.person, template).map(({ name, kind, users, answer }) => {
    const here = now.find((limit) => limit.kind === kind)?.users ?? Number.NaN;
    return [name, usersText(here), usersText(users), answer];
  });
}

const firstOf = (limit: Limit | undefined): string => (limit === undefined ? "none" : `the ${limit.name} (${count(limit.users)} users)`);

const usersText = (users: number): string => (users === Number.POSITIVE_INFINITY ? "not by users" : count(users));

const megabytes = (bytes: number): string => `${count(bytes / 1e6)} MB`;
const percent = (share: number): string => `${count(share * 100)} %`;

function million(all: Billed, items: readonly (keyof Billed)[]): string {
  return `${count(items.reduce((sum, item) => sum + all[item] * prices[item], 0) / 1e6)} M`;
}

const money = (value: number): string => (value >= 0.01 ? value.toFixed(2) : value.toPrecision(1));

/** Three digits. */
export function count(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en", { maximumFractionDigits: digits });
}

/** As the formatter has tables: columns of equal width. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
