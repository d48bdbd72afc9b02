import { nameBytesMax, pathDepthMax } from "@ashlar/shared/limits";
import { type NameFault, nameFault, spellingFault } from "@ashlar/shared/names";
import type { DirEntry, RelativePath, Stat } from "../ports.ts";
import type { IgnoreRules } from "./ignore.ts";
import { depthOf, joinPath, spellingOf } from "./path.ts";
import type { Hindrance, Kind, LocalNode, WaitReason } from "./types.ts";

/** An entry of a listed folder that can be synced. */
export type Entry = {
  readonly path: RelativePath;
  /** In NFC. */
  readonly name: string;
  /** As the disk has it, where that differs. */
  readonly spelling: string | undefined;
  readonly kind: Kind;
  readonly stat: Stat;
};

/** An entry that cannot. */
export type Hindered = { readonly hindrance: Hindrance; readonly name: string; readonly stat: Stat };

export type Vetted = { readonly entries: readonly Entry[]; readonly hindered: readonly Hindered[] };

type Verdict = Entry | { readonly reason: WaitReason; readonly detail: string };

const encoder = new TextEncoder();

const faultTexts: Readonly<Record<NameFault, string>> = {
  empty: "it has no name",
  "too-long": `its name is longer than ${nameBytesMax} bytes: shorten it`,
  "not-nfc": "its name cannot be written in NFC: rename it",
  separator: "its name holds a slash: rename it",
  nul: "its name holds a NUL: rename it",
  dot: "its name stands for a folder of the system: rename it",
  "lone-surrogate": "its name is not valid Unicode: rename it",
};

/**
 * Parts what a folder holds into what can be synced, what cannot and why, and what is ignored and left out of both.
 * Of two names that are one in NFC, a known node keeps the name, else the first in byte order has it.
 */
export function vet(
  folder: RelativePath,
  listed: readonly DirEntry[],
  known: ReadonlyMap<string, LocalNode>,
  ignore: Pick<IgnoreRules, "ignores">,
): Vetted {
  const byName = new Map<string, Entry>();
  const hindered: Hindered[] = [];
  const tooDeep = depthOf(folder) >= pathDepthMax;
  const hinder = (entry: Pick<Entry, "path" | "stat">, reason: WaitReason, detail: string) => {
    hindered.push({
      hindrance: { path: entry.path, reason, detail },
      name: entry.path.slice(entry.path.lastIndexOf("/") + 1),
      stat: entry.stat,
    });
  };
  for (const listing of listed) {
    const { name, stat } = listing;
    const path = joinPath(folder, name);
    if (ignore.ignores(path, stat.kind)) continue;
    const verdict: Verdict = tooDeep
      ? { reason: "too-deep", detail: `it lies more than ${pathDepthMax} folders deep: move it up` }
      : judge(path, listing, known);
    if ("reason" in verdict) {
      hinder({ path, stat }, verdict.reason, verdict.detail);
      continue;
    }
    const rival = byName.get(verdict.name);
    const loser = rival === undefined || precedes(verdict, rival, known.get(verdict.name)) ? rival : verdict;
    if (loser !== verdict) byName.set(verdict.name, verdict);
    if (loser !== undefined) hinder(loser, "clash", "another name here differs only in its Unicode form: rename one of the two");
  }
  return { entries: [...byName.values()], hindered };
}

function judge(path: RelativePath, { name, valid, raw, stat }: DirEntry, known: ReadonlyMap<string, LocalNode>): Verdict {
  if (!valid) {
    const inShell = raw === undefined ? "" : `, in a shell as ${quoted(raw)}`;
    return { reason: "bad-name", detail: `its name is not valid UTF-8: rename it${inShell}` };
  }
  if (stat.kind === "other")
    return { reason: "special-file", detail: "it is a pipe, a socket or a device: only files, folders and links are synced" };
  const wire = name.normalize("NFC");
  const spelling = wire === name ? undefined : name;
  // A name that a node has had before has passed.
  const fault = known.has(wire) ? undefined : (nameFault(wire) ?? (spelling === undefined ? undefined : spellingFault(wire, spelling)));
  if (fault !== undefined) return { reason: "bad-name", detail: faultTexts[fault] };
  return { path, name: wire, spelling, kind: stat.kind, stat };
}

/** Printable ASCII, but for the quote and the backslash. */
const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c;

/** As bash, zsh and ksh take it: nobody can type such a name otherwise, and as it is shown nothing finds it. */
function quoted(bytes: Uint8Array): string {
  const text = [...bytes].map((byte) => (isPlain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`));
  return `$'${text.join("")}'`;
}

function precedes(a: Entry, b: Entry, holder: LocalNode | undefined): boolean {
  const [left, right] = [a.spelling ?? a.name, b.spelling ?? b.name];
  if (holder !== undefined && spellingOf(holder) === left) return true;
  if (holder !== undefined && spellingOf(holder) === right) return false;
  return compareBytes(encoder.encode(left), encoder.encode(right)) < 0;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}
