/** What a person's month costs: his operations as they were counted, at Cloudflare's prices. */
import { accessTokenMs, dayMs, historyMs } from "@ashlar/shared/limits";
import { type Measured, once, type Once } from "./measured.ts";
import type { Person } from "./people.ts";
import { add, type Billed, nothing, times } from "./prices.ts";

const daysOfMonth = 30;
const hourMs = 3_600_000;
const MiB = 1024 * 1024;
const GB = 1e9;
/** How long an object waits for a database at the edge; assumed, nothing was deployed. An object is billed for that as well. */
export const d1WaitMs = 20;
/** An object is billed for 128 MB whatever it uses. */
const objectGb = 0.128;
const messagesPerRequest = 20;

export function billedOf(operation: Once): Billed {
  return {
    ...nothing,
    workerRequest: operation.requests,
    workerCpuMs: operation.cpuMs,
    objectRequest: operation.objectCalls + operation.objectAlarms + operation.objectMessages / messagesPerRequest,
    objectGbSecond: ((operation.objectD1Batches * d1WaitMs + operation.cpuMs) / 1000) * objectGb,
    objectRowRead: operation.objectRowsRead,
    objectRowWritten: operation.objectRowsWritten,
    d1RowRead: operation.d1RowsRead,
    d1RowWritten: operation.d1RowsWritten,
    r2ClassA: operation.r2Writes,
    r2ClassB: operation.r2Reads,
  };
}

/** The end of a token ends its socket: an alarm that was set, a session that is renewed, a socket that is opened again. */
function reconnection(measured: Measured): Billed {
  const alarm = { ...nothing, objectRequest: 1, objectRowWritten: 1 };
  return add(alarm, add(billedOf(once(measured, "refresh")), billedOf(once(measured, "listen"))));
}

export function reconnectionsPerDay({ devices, hoursConnected }: Person): number {
  return (devices * hoursConnected * hourMs) / accessTokenMs;
}

/** Of a block that is being sent, at most: on a slow link each is told alone, and the object looks for its holder and its size. */
const told: Billed = { ...nothing, objectRequest: 1 / messagesPerRequest, objectGbSecond: (d1WaitMs / 1000) * objectGb, d1RowRead: 2 };

const month = (day: Billed): Billed => times(day, daysOfMonth);

export type Month = Readonly<Record<"connections" | "edits" | "large files" | "daily look" | "R2 storage" | "D1 storage", Billed>>;

export function monthOf(measured: Measured, person: Person): Month {
  const billed = (name: string) => billedOf(once(measured, name));
  const others = person.devices - 1;
  /** A device more than the one that was counted says `applied`, and the object notes how long that took. */
  const listener = { ...nothing, objectRequest: 1 / messagesPerRequest, objectRowWritten: 1 };
  const pushed = (name: string) => add(billed(name), times(listener, Math.max(0, others - 1)));
  const edits = [
    times(pushed("new-small"), person.newFiles),
    times(pushed("edit-small"), person.smallEdits),
    times(pushed("edit-large"), person.largeEdits),
    // A person deletes as he renames, one thing at a time; what was counted as "delete" is hundreds in one commit.
    times(pushed("rename"), person.renames + person.deletions),
  ].reduce(add);
  const carried = add(times(billed("large-up"), person.newMiB), times(billed("large-down"), person.newMiB * others));
  const large = others === 0 ? carried : add(carried, times(told, person.newMiB / blockMiB(measured)));
  const { meta, index } = databaseBytesOf(measured, person);
  return {
    connections: month(times(reconnection(measured), reconnectionsPerDay(person))),
    edits: month(edits),
    "large files": month(large),
    "daily look": month(times(billed("tend"), person.files)),
    "R2 storage": { ...nothing, r2GbMonth: person.gb + historyBytesOf(measured, person) / GB },
    "D1 storage": { ...nothing, d1GbMonth: (meta + index) / GB },
  };
}

/** MiB of a block of a large file, on average. */
export function blockMiB(measured: Measured): number {
  return 1 / once(measured, "large-up").r2Writes;
}

/** Of versions that are kept after they were superseded: a block for each edit of a large file, a pack's part for one of a small. */
function historyBytesOf(measured: Measured, { smallEdits, largeEdits }: Person): number {
  const days = historyMs / dayMs;
  return days * (largeEdits * blockMiB(measured) * MiB + smallEdits * 64_000);
}

/** Rows of a file and its first version are measured; one of a later version or change is taken for as long. */
export function databaseBytesOf(measured: Measured, person: Person): { meta: number; index: number } {
  const { metaPerFile, indexPerBlock } = measured.operations.rowBytes;
  const { newFiles, smallEdits, largeEdits, renames, deletions } = person;
  const kept = (historyMs / dayMs) * (newFiles + smallEdits + largeEdits + renames + deletions);
  const blocks = (person.gb * GB) / (blockMiB(measured) * MiB) + (historyMs / dayMs) * largeEdits;
  return { meta: (person.files + kept) * metaPerFile, index: blocks * indexPerBlock };
}
