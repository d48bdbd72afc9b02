/** Which of the platform's limits is met at how many users, and what the design does there. */
import { collectBounds } from "@ashlar/server/collect/collect";
import { accessTokenMs } from "@ashlar/shared/limits";
import { databaseBytesOf, reconnectionsPerDay } from "./cost.ts";
import { type Measured, once } from "./measured.ts";
import type { Person } from "./people.ts";

/** Of one D1 database: it does one thing at a time. What a query takes is the documentation's "1 ms", and "several" for a write. */
export const d1ReadMs = 1;
export const d1WriteMs = 5;
const d1Bytes = 10e9;
const d1AccountBytes = 1e12;
const d1Databases = 50_000;
/** Of one Worker, at 150 bytes each in 1 MB of metadata. */
const bindings = 5000;
const objectRequestsPerSecond = 1000;
const objectSockets = 32_768;
/** An account and its devices in the directory, with their indices; reckoned from the schema, not measured. */
const accountBytes = 500;
const deviceBytes = 500;
/** Of the collector, by its cron. */
const runsPerDay = 24;
/** Accounts draw their meta shard, and hashes have their index shard, by one byte. */
const shardsOfByte = 256;
const secondsOfDay = 86_400;

export type Shards = { readonly meta: number; readonly index: number };

export type Limit = {
  readonly kind: string;
  readonly name: string;
  /** Infinity: it does not come nearer with users. */
  readonly users: number;
  readonly answer: string;
};

/** The nearest first. */
export function limitsOf(measured: Measured, person: Person, shards: Shards): Limit[] {
  const bytes = databaseBytesOf(measured, person);
  const directoryBytes = accountBytes + person.devices * deviceBytes;
  const refreshMs = d1ReadMs + d1WriteMs;
  const commits = person.newFiles + person.smallEdits + person.largeEdits + person.renames + person.deletions;
  const edit = once(measured, "edit-small");
  const commitMs = (edit.d1Batches - 1) * d1ReadMs + d1WriteMs;
  const perSecond = (perDay: number, ms: number) => (1000 / ms) * (secondsOfDay / perDay);
  const limits: Limit[] = [
    {
      kind: "directory-writes",
      name: "writes of the one directory, of renewed sessions",
      users: perSecond(reconnectionsPerDay(person), refreshMs),
      answer: `every connected device renews its session each ${accessTokenMs / 60_000} minutes, since the end of its token ends its socket; a socket that its object lets live, as it knows who was signed out, needs none. Beyond that the directory has to be split by user, as metadata is`,
    },
    {
      kind: "directory-size",
      name: "size of the one directory",
      users: d1Bytes / directoryBytes,
      answer: "split by a hash of the address, as metadata is by user",
    },
    {
      kind: "meta-size",
      name: "size of the meta shards",
      users: (shards.meta * d1Bytes) / bytes.meta,
      answer:
        "more shards: a binding, a migration and a deploy each. Accounts draw one evenly and stay there: the full have to be left out of the draw first",
    },
    {
      kind: "meta-writes",
      name: "writes of the meta shards",
      users: shards.meta * perSecond(commits, commitMs),
      answer: "more shards; until then commits wait, and are answered 503 with a time to come back",
    },
    {
      kind: "index-size",
      name: "size of the index shards",
      users: (shards.index * d1Bytes) / bytes.index,
      answer: "more shards: another number of them places hashes anew, which have to be moved while both places are asked",
    },
    {
      kind: "meta-draw",
      name: `draw of one of at most ${shardsOfByte} meta shards (a bound of our own)`,
      users: (shardsOfByte * d1Bytes) / bytes.meta,
      answer: "a draw by two bytes",
    },
    {
      kind: "index-draw",
      name: `choice of one of at most ${shardsOfByte} index shards (a bound of our own)`,
      users: (shardsOfByte * d1Bytes) / bytes.index,
      answer: "a choice by two bytes of the hash",
    },
    {
      kind: "d1-account",
      name: "limit of 1 TB of D1 in an account",
      users: d1AccountBytes / (bytes.meta + bytes.index + directoryBytes),
      answer: "more on request, or more accounts, a region each",
    },
    {
      kind: "bindings",
      name: `limit of ${bindings.toLocaleString("en")} databases bound to one Worker`,
      users: (bindings * d1Bytes) / (bytes.meta + bytes.index),
      answer: `several Workers, each with its users' shards; an account has ${d1Databases.toLocaleString("en")} databases`,
    },
    {
      kind: "collector",
      name: "daily look of the collector (a bound of our own)",
      users: collectBounds.users.users * runsPerDay,
      answer: "a look takes longer than a day: history is kept longer, and nothing else; then more runs an hour, or more users in each",
    },
    {
      kind: "object-requests",
      name: `limit of ${objectRequestsPerSecond.toLocaleString("en")} requests a second of one user's object`,
      users: Number.POSITIVE_INFINITY,
      answer: `one user would need ${Math.round(objectRequestsPerSecond / (commits / secondsOfDay)).toLocaleString("en")} times his edits; more than 64 waiting commits are answered 503`,
    },
    {
      kind: "object-sockets",
      name: `limit of ${objectSockets.toLocaleString("en")} sockets of one user's object`,
      users: Number.POSITIVE_INFINITY,
      answer: "nobody has as many devices; each may have 8",
    },
    {
      kind: "r2",
      name: "R2: bytes and objects",
      users: Number.POSITIVE_INFINITY,
      answer: "there is none; one key is never written twice a second, since names are hashes",
    },
  ];
  return limits.toSorted((one, other) => one.users - other.users);
}
