/** Every contender over every link through every case, each beside what the link allows at best. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../test/e2e/support/eventually.ts";
import { seeded } from "../../test/e2e/support/random.ts";
import { folderDifference } from "../../test/e2e/support/tree.ts";
import type { Line } from "../report/line.ts";
import type { Context } from "../context.ts";
import { casesOf, type Prepared } from "./cases.ts";
import { measureDelays } from "./delays.ts";
import { limitOf } from "./limits.ts";
import { Meter } from "./meter.ts";
import type { Carried, Race, Session } from "./session.ts";

/** A case that takes longer is given up, and with it what the contender would have done after it. */
const patienceMs = 60_000;

export async function race(run: Race, context: Context): Promise<Line[]> {
  const { bench, lanes, contender } = run;
  const lines: Line[] = [];
  const directory = join(context.directory, `${bench}-${contender.name}`);
  const aside = join(directory, "aside");
  await mkdir(aside, { recursive: true });
  // All of it stays until the end: where thousands of files were deleted, ext4 makes new ones twenty times slower for minutes.
  await using session = await contender.open(directory, lanes);
  const random = seeded(context.seed);
  for (const [index, { name, prepare, asWhole }] of casesOf(context.scale).entries()) {
    if (contender.sendsWhole === true && asWhole !== undefined) {
      lines.push({ bench, what: name, who: contender.name, value: undefined, unit: "s", also: `sends all of it, as "${asWhole}"` });
      continue;
    }
    const change = await prepare({ a: session.a, b: session.b, aside: join(aside, `${index}`), random });
    const line = await measure(run, session, { name, change });
    lines.push(line);
    context.tell(line);
    if (line.value === undefined) return lines;
  }
  for (const line of await measureDelays(run, session, { scale: context.scale, random })) {
    lines.push(line);
    context.tell(line);
  }
  await checkEqual(run, session, context);
  return lines;
}

/** Not after each case: reading everything takes longer than most of them. A peer that got it wrong is named, and the race goes on. */
async function checkEqual({ contender }: Race, { a, b }: Session, context: Context): Promise<void> {
  const differ = () => folderDifference(a, b);
  if (contender.needs === undefined) return eventually(differ);
  const difference = await differ();
  if (difference !== undefined) context.note(`${contender.name} has not made the folders equal: ${difference}`);
}

async function measure(
  { bench, lanes, contender }: Race,
  session: Session,
  { name, change }: { name: string; change: Prepared },
): Promise<Line> {
  const base = { bench, what: name, who: contender.name, unit: "s" } as const;
  const before = session.bytes();
  const meter = new Meter(session.processes);
  const patience = AbortSignal.timeout(patienceMs);
  let carried: Carried;
  try {
    carried = await session.carry(change, meter, patience);
  } catch (error) {
    meter.stop();
    if (!patience.aborted) throw error;
    return { ...base, value: undefined, also: `given up after ${patienceMs / 1000} s` };
  }
  const metered = meter.stop();
  const after = session.bytes();
  const limit = limitOf(change, lanes);
  const times = limit > 0 ? ` (${(carried.upSeconds / limit).toFixed(2)})` : "";
  return {
    ...base,
    value: carried.seconds,
    ...(limit > 0 && { limit }),
    ...(session.throughServer && change.isTouch !== true && { also: `to the server ${carried.upSeconds.toFixed(2)} s${times}` }),
    upBytes: after.up.upBytes - before.up.upBytes,
    downBytes: after.down.downBytes - before.down.downBytes,
    ...metered,
  };
}
