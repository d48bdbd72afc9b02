/** What the doctor looks at on this machine: permissions, free space, the marker. */
import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, finding } from "../doctor/finding.ts";
import { codeOf } from "./error-code.ts";
import type { Home, RegisteredFolder } from "./home.ts";
import { readMarker } from "./marker.ts";
import { Root } from "./root.ts";

/** Below this, programs begin to fail in ways of their own. */
const reserveBytes = 64 * 1024 * 1024;

export async function examineRoot(folder: RegisteredFolder, bytesToCome: number): Promise<Finding[]> {
  const { path } = folder;
  try {
    if (!(await stat(path)).isDirectory()) return [finding("root-gone", "", path)];
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [finding("root-gone", "", path)];
    throw error;
  }
  if (!(await mayUse(path))) return [finding("root-permissions", "", path)];
  const marker = await readMarker(new Root(path));
  const findings: Finding[] = [];
  if (marker === undefined) findings.push(finding("marker-gone", "", path));
  else if (marker.trim() !== folder.user) findings.push(finding("other-account", "", path));
  const free = await freeBytes(path);
  if (free < bytesToCome + reserveBytes) findings.push(finding("low-space", "", `${free} bytes are free, and ${bytesToCome} are to come`));
  return findings;
}

export async function examineState(home: Home, folder: RegisteredFolder): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of [home.directory, home.paths(folder).directory]) {
    if (!(await mayUse(path))) findings.push(finding("state-permissions", "", path));
  }
  const account = join(home.directory, "accounts", `${folder.user}.json`);
  const mode = process.platform === "win32" ? 0 : await modeOf(account);
  if ((mode & 0o077) !== 0) findings.push(finding("state-open", "", account));
  const free = await freeBytes(home.directory);
  if (free < reserveBytes) findings.push(finding("state-space", "", `${free} bytes are free in ${home.directory}`));
  return findings;
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}

/** What is not there yet hinders nobody. */
async function mayUse(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
