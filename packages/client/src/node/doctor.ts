/** Compares disk, database and server of one synced folder, also while another process syncs it. Changes none of them. */
import { randomBytes } from "node:crypto";
import { newId, type NodeId } from "@ashlar/shared/ids";
import { blockBytesMax, devicesListedMax } from "@ashlar/shared/limits";
import { devicesSchema } from "@ashlar/shared/protocol/account";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { examineContent, examineDisk } from "../doctor/disk.ts";
import { type Finding, finding } from "../doctor/finding.ts";
import { examineBlocks, examineServer } from "../doctor/server.ts";
import { parsed } from "../edge/caller.ts";
import { SignedOutError } from "../edge/errors.ts";
import { readStatus } from "../engine/status.ts";
import { DiskError, UnreachableError } from "../ports.ts";
import { loadIgnore } from "../scan/ignore.ts";
import { scan } from "../scan/scan.ts";
import { bytesToCome, treeFaults } from "../trees/faults.ts";
import { Trees } from "../trees/trees.ts";
import { type Connection, openConnection } from "./connection.ts";
import { type DatabaseLook, lookAtDatabase } from "./database.ts";
import { openDisk } from "./disk.ts";
import { isHeldByOtherHome } from "./folder-lock.ts";
import { hashBlock, sha256 } from "./hash.ts";
import type { Home, RegisteredFolder } from "./home.ts";
import { platformOf } from "./platform.ts";
import { examineRoot, examineState } from "./surroundings.ts";

export type DoctorOptions = {
  readonly home: Home;
  readonly folder: RegisteredFolder;
  /** Reads every file, and asks for every block, too. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

/** Further apart than this, "two days ago" begins to be another day. */
const skewMsMax = 5 * 60 * 1000;
/** Of what is wrong in the database, so many of each kind are told. */
const faultsMax = 100;

/** Everything that was found. What cannot be looked at is a finding too; rejects only where nobody foresaw it. */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { home, folder } = options;
  const look = lookAtDatabase(home.paths(folder).database);
  const findings: Finding[] = [...(await examineState(home, folder))];
  if (await isHeldByOtherHome(home.paths(folder), folder.path)) findings.push(finding("other-home", "", folder.path));
  if (look.state !== "readable") {
    findings.push(finding(`database-${look.state}`), ...(await examineRoot(folder, 0)), ...(await examineOnline(options, undefined)));
    return findings;
  }
  const { database } = look;
  try {
    // All that follows is of one moment, whatever another process writes meanwhile.
    database.exec("BEGIN");
    const trees = new Trees(database, { caseSensitive: platformOf(process.platform).caseSensitive, readOnly: true });
    const root = await examineRoot(folder, bytesToCome(database));
    findings.push(...root, ...noted(look), ...faults(look, trees));
    if (!root.some(({ kind }) => kind !== "low-space")) findings.push(...(await examineFiles(options, trees)));
    findings.push(...(await examineOnline(options, trees)));
    return withoutRepeats(findings);
  } finally {
    database.close();
  }
}

type Readable = DatabaseLook & { state: "readable" };

function noted({ database }: Readable): Finding[] {
  const { waiting, conflicts, question, unwatched } = readStatus(database);
  return [
    ...(question === undefined ? [] : [finding("question", "", question)]),
    ...(unwatched === 0 ? [] : [finding("watch-limit", "", `${unwatched} folders are not watched`)]),
    ...waiting.map(({ path, reason, detail }) => finding("waits", path, `${reason}: ${detail}`)),
    ...conflicts.map(({ path, copy }) => finding("conflict", path, `the second version is ${copy}`)),
  ];
}

function faults({ database }: Readable, trees: Trees): Finding[] {
  return treeFaults(database, faultsMax).map(({ kind, tree, id, name }) => {
    const path = trees.shownPath(id);
    return finding("trees-inconsistent", path === id ? name : path, `${faultTexts[kind]} (${tree} tree)`);
  });
}

const faultTexts = {
  unreachable: "no folder leads to it",
  twice: "two things stand in one place",
  unmarked: "the trees differ and nobody is going to look at it",
  placeless: "a block is noted in a file that is not there",
} as const;

const newNodeId = () => newId<NodeId>(randomBytes);

async function examineFiles({ folder, deep, signal }: DoctorOptions, trees: Trees): Promise<Finding[]> {
  const disk = openDisk(folder.path);
  const ignore = loadIgnore(disk);
  try {
    const seen = await examineDisk({ disk, trees, newId: newNodeId, scan: (request) => scan({ ...request, ignore }) }, signal);
    return deep ? [...seen, ...(await examineContent({ disk, trees, hashBlock, bufferBytes: blockBytesMax }, signal))] : seen;
  } catch (error) {
    if (error instanceof DiskError && error.code === "root-gone") return [finding("root-gone", "", folder.path)];
    throw error;
  }
}

/** `trees`: undefined where there is nothing to compare the server with. */
async function examineOnline(options: DoctorOptions, trees: Trees | undefined): Promise<Finding[]> {
  const { home, folder, deep, signal } = options;
  const account = await home.account(folder.user);
  if (account === undefined || account.ended === true) return [finding("signed-out")];
  try {
    await using connection = openConnection(home, account);
    const findings = await examineSession(connection, options);
    if (trees === undefined) return findings;
    const ports = { trees, edge: connection.edge, sha256 };
    findings.push(...(await examineServer(ports, signal)));
    if (deep) findings.push(...(await examineBlocks(ports, signal)));
    return findings;
  } catch (error) {
    if (error instanceof SignedOutError) return [finding("signed-out", "", error.message)];
    if (error instanceof UnreachableError) return [finding("unreachable", "", error.message)];
    if (error instanceof ProblemError && error.code === "bad-request") return [finding("protocol-refused", "", error.message)];
    throw error;
  }
}

/** Whether the device is signed in, and how far the clocks are apart, by the answer's Date (RFC 9110 section 6.6.1), which is of whole seconds. */
async function examineSession({ call }: Connection, { now, signal }: DoctorOptions): Promise<Finding[]> {
  const path = "/v1/devices";
  const answer = await call({ method: "GET", path, signal });
  const { headers } = answer;
  const { devices } = parsed(devicesSchema, path, answer);
  // A token outlives its session by some minutes: who was signed out is no longer listed.
  if (devices.length < devicesListedMax && !devices.some(({ current }) => current)) return [finding("signed-out")];
  const skewMs = now() - Date.parse(headers["date"] ?? "");
  if (Number.isNaN(skewMs) || Math.abs(skewMs) <= skewMsMax) return [];
  return [finding("clock-skew", "", `this machine is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs < 0 ? "behind" : "ahead"}`)];
}

/** What hinders the scan now was noted by the last one as well. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const byKey = new Map(findings.map((found) => [`${found.kind}\0${found.path}\0${found.kind === "waits" ? "" : found.detail}`, found]));
  return [...byKey.values()];
}
