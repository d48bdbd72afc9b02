/** From a save on A to the same bytes on B, again and again. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { overwrite } from "../../test/e2e/support/edits.ts";
import type { Random } from "../../test/e2e/support/random.ts";
import { quantile } from "../latency.ts";
import type { Line } from "../report/line.ts";
import { limitOf } from "./limits.ts";
import { Meter } from "./meter.ts";
import type { Race, Session } from "./session.ts";

const patienceMs = 60_000;
/** Who takes long for each saves no more than this, but often enough for a median. */
const patienceOfAllMs = 25_000;
const savesMin = 10;
/** People pause between saves; without it each would fall into the settling of the one before. */
const pauseMs = 500;
const pageBytes = 64_000;

type Save = (at: number) => { name: string; bytes: number; make: () => Promise<void> };

export async function measureDelays(run: Race, session: Session, { scale, random }: { scale: number; random: Random }): Promise<Line[]> {
  const saves = session.live ? Math.max(5, Math.round(20 * Math.min(1, scale))) : 5;
  const inA = (name: string) => join(session.a, name);
  const newFile: Save = (at) => ({ name: `note ${at}`, bytes: 1024, make: () => writeFile(inA(`note ${at}`), random.bytes(1024)) });
  const edit: Save = (at) => ({ name: "page", bytes: 100, make: () => overwrite(inA("page"), (at * 2100) % pageBytes, random.bytes(100)) });
  const news = await measureAll(run, session, { what: "delay of a new file of 1 KB", saves, save: newFile });
  await delayOf(session, { name: "page", make: () => writeFile(inA("page"), random.bytes(pageBytes)) });
  const edits = await measureAll(run, session, { what: "delay of 100 bytes in a file of 64 KB", saves, save: edit });
  return [news, edits];
}

async function measureAll(
  { bench, lanes, contender }: Race,
  session: Session,
  { what, saves, save }: { what: string; saves: number; save: Save },
): Promise<Line> {
  const before = session.bytes();
  const times: number[] = [];
  let bytes = 0;
  const startedMs = performance.now();
  for (let at = 0; at < saves && (at < savesMin || performance.now() - startedMs < patienceOfAllMs); at++) {
    const made = save(at);
    bytes = made.bytes;
    times.push(await delayOf(session, made));
    await sleep(pauseMs);
  }
  const after = session.bytes();
  const limit = limitOf({ bytes }, lanes);
  return {
    bench,
    what,
    who: contender.name,
    unit: "s",
    value: quantile(times, 0.5),
    ...(limit > 0 && { limit }),
    also: `p95 ${quantile(times, 0.95).toFixed(2)} s of ${times.length}`,
    upBytes: Math.round((after.up.upBytes - before.up.upBytes) / times.length),
    downBytes: Math.round((after.down.downBytes - before.down.downBytes) / times.length),
  };
}

/** In seconds. */
async function delayOf(session: Session, { name, make }: { name: string; make: () => Promise<void> }): Promise<number> {
  const arrived = async (folder: string) => {
    const [here, there] = await Promise.all([readFile(join(session.a, name)), readFile(join(folder, name)).catch(() => undefined)]);
    return there !== undefined && here.equals(there);
  };
  const meter = new Meter(new Map());
  const { seconds } = await session.carry({ make, arrived }, meter, AbortSignal.timeout(patienceMs));
  meter.stop();
  return seconds;
}
