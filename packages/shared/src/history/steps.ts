/** What brings something back: steps in an order in which each is possible after those before it. */
import type { NodeId, OpId } from "../ids.ts";
import { commitHeadBytesMax, commitOpsMax } from "../limits.ts";
import type { Op } from "../protocol/commit.ts";

export type Place = { readonly parent: NodeId; readonly name: string; readonly spelling?: string | undefined };

type Target = {
  readonly node: NodeId;
  /** The revision that the node has by then. */
  readonly baseRev: number;
  /** Goes into the same commit as the step before it, if that has room: apart, the two would show something that never was. */
  readonly joined: boolean;
};

export type Step = Target &
  (
    | { readonly do: "restore"; readonly place: Place }
    /** `mode` of a folder. `aside`: only for now, under a temporary name. */
    | { readonly do: "move"; readonly place: Place; readonly mode?: number | undefined; readonly aside: boolean }
    | {
        readonly do: "update";
        readonly version: number;
        /** Null for a long one, which is to be fetched. */
        readonly manifest: string | null;
        readonly size: number;
        readonly mtimeMs: number;
        readonly mode: number;
      }
    | { readonly do: "delete" }
  );

export type UpdateStep = Extract<Step, { do: "update" }>;

/** The operation for a step; `manifest` is the one of an update. */
export function opOf(step: Step, opId: OpId, manifest: string): Op {
  const { node, baseRev } = step;
  const base = { opId, node, baseRev };
  switch (step.do) {
    case "restore":
      return { op: "restore", ...base, ...placeOf(step.place) };
    case "move":
      return { op: "move", ...base, ...placeOf(step.place), ...(step.mode === undefined ? {} : { mode: step.mode }) };
    case "update":
      return { op: "update", ...base, manifest, size: step.size, mtimeMs: step.mtimeMs, mode: step.mode };
    case "delete":
      return { op: "delete", ...base };
  }
}

const placeOf = ({ parent, name, spelling }: Place) => ({ parent, name, ...(spelling === undefined ? {} : { spelling }) });

/** Leaves room for the fields beside the manifests. */
const manifestCharsMax = commitHeadBytesMax / 2;
/** A block of a file is 47 characters of its manifest, and hardly ever as small as this many bytes. */
const blockBytesUsual = 64 * 1024;

/** The steps in commits of at most `opsMax` operations, and no more manifests than a commit may have. Joined steps stay together as long as they fit. */
export function inCommits(steps: readonly Step[], opsMax: number = commitOpsMax): Step[][] {
  const commits: Step[][] = [];
  let commit: Step[] = [];
  let chars = 0;
  const close = () => {
    if (commit.length > 0) commits.push(commit);
    commit = [];
    chars = 0;
  };
  for (const group of groupsOf(steps)) {
    const groupChars = group.reduce((total, step) => total + manifestChars(step), 0);
    if (commit.length + group.length > opsMax || chars + groupChars > manifestCharsMax) close();
    for (const step of group) {
      if (commit.length === opsMax || (commit.length > 0 && chars + manifestChars(step) > manifestCharsMax)) close();
      commit.push(step);
      chars += manifestChars(step);
    }
  }
  close();
  return commits;
}

function groupsOf(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (step.joined && last !== undefined) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function manifestChars(step: Step): number {
  if (step.do !== "update") return 0;
  return step.manifest?.length ?? Math.ceil(step.size / blockBytesUsual) * 47;
}
