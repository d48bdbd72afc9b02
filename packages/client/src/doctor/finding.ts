/** What the doctor can find: each kind with what it means, what will mend it, and who has to act. docs/COMMAND.md lists them. */
import type { RelativePath } from "../ports.ts";

type Remedy = {
  /** `itself`: the next sync does; `reconcile`: the command does; `person`: somebody has to. */
  readonly mendedBy: "itself" | "reconcile" | "person";
  readonly means: string;
  readonly mend: string;
};

const bySync = "The next sync looks there, and sends or fetches what differs.";
const byReconcile = "`ashlar reconcile` mends it, and deletes nothing by that.";

export const remedies = {
  "not-looked-at": { mendedBy: "itself", means: "The disk differs from what the last look found there.", mend: bySync },
  "content-differs": {
    mendedBy: "person",
    means: "The file holds other bytes than its time and size say: the disk may be failing, or a program set the time back.",
    mend: "If what is there is right, save it again. If not, have the version on the server back with `ashlar restore`.",
  },
  "trees-inconsistent": { mendedBy: "reconcile", means: "What this client has noted of it cannot be so.", mend: byReconcile },
  "database-absent": {
    mendedBy: "itself",
    means: "This client knows nothing of the folder yet, or its database was deleted.",
    mend: "The next sync compares disk and server, and deletes nothing by that.",
  },
  "database-damaged": {
    mendedBy: "itself",
    means: "This client's database is damaged.",
    mend: "The next start of `ashlar sync` puts it aside and compares disk and server anew; nothing is deleted by that.",
  },
  "database-other-version": {
    mendedBy: "itself",
    means: "This client's database was written by another version of Ashlar.",
    mend: "The next start of `ashlar sync` compares disk and server anew; nothing is deleted by that.",
  },
  "server-ahead": { mendedBy: "itself", means: "The server has changes that this device has not read yet.", mend: bySync },
  "server-differs": {
    mendedBy: "reconcile",
    means: "The server has something else there than this client has noted of it.",
    mend: byReconcile,
  },
  "server-restored": {
    mendedBy: "itself",
    means: "The server was restored from a backup since the last sync.",
    mend: "The next sync merges both sides and deletes nothing by that.",
  },
  "cursor-expired": {
    mendedBy: "itself",
    means: "This device was away for longer than the server keeps its journal.",
    mend: "The next sync compares everything with the server.",
  },
  "block-missing": {
    mendedBy: "person",
    means: "The server lacks a part of this file's content, or has it damaged, and it is not on this disk.",
    mend: "Run `ashlar reconcile --deep` on a device that has the file.",
  },
  "block-missing-there": {
    mendedBy: "reconcile",
    means: "The server lacks a part of this file's content, or has it damaged; it is on this disk.",
    mend: "`ashlar reconcile --deep` sends it again.",
  },
  unreachable: { mendedBy: "person", means: "The server cannot be reached.", mend: "Check the address and this machine's network." },
  "signed-out": { mendedBy: "person", means: "This device is signed out.", mend: "Sign in again with `ashlar login`." },
  "protocol-refused": {
    mendedBy: "person",
    means: "The server does not speak this client's protocol.",
    mend: "Update Ashlar here, or the server.",
  },
  "clock-skew": {
    mendedBy: "person",
    means: "This machine's clock and the server's are far apart: times of files and of conflicts are wrong.",
    mend: "Set this machine's clock, or have it set by NTP.",
  },
  "root-gone": {
    mendedBy: "person",
    means: "The synced folder is not there.",
    mend: "Mount its disk or move it back; nothing is deleted meanwhile.",
  },
  "marker-gone": {
    mendedBy: "person",
    means: "The folder does not bear the marker that says that it is the synced one.",
    mend: "Put the right folder there, or go on with this one with `ashlar sync --allow-mass-delete`.",
  },
  "other-account": {
    mendedBy: "person",
    means: "The folder is marked as another account's.",
    mend: "Use another folder, or sign in to that account.",
  },
  "other-home": {
    mendedBy: "person",
    means: "A process with another ASHLAR_HOME syncs this folder.",
    mend: "End one of the two: they would undo each other's work.",
  },
  "root-permissions": {
    mendedBy: "person",
    means: "This user may not read, write and enter the synced folder.",
    mend: "Change its permissions; what cannot be read or written waits meanwhile.",
  },
  "state-permissions": {
    mendedBy: "person",
    means: "This user may not write to Ashlar's own state.",
    mend: "Change the permissions of ASHLAR_HOME.",
  },
  "state-open": {
    mendedBy: "person",
    means: "Other users of this machine may read the tokens of this device.",
    mend: "Take the permissions of others away (chmod go= on the file named).",
  },
  "low-space": { mendedBy: "person", means: "The synced folder's disk has no room for what is to come.", mend: "Free some space." },
  "state-space": {
    mendedBy: "person",
    means: "The disk of Ashlar's own state is nearly full: then nothing goes on.",
    mend: "Free some space.",
  },
  "watch-limit": {
    mendedBy: "person",
    means: "The system has no watches left for some folders: changes in them are seen at full looks only, every ten minutes.",
    mend: "Allow more: sysctl fs.inotify.max_user_watches on Linux.",
  },
  waits: { mendedBy: "person", means: "It cannot be synced now.", mend: "What the reason says; it is then tried again by itself." },
  conflict: {
    mendedBy: "person",
    means: "Two devices changed it, and both versions were kept.",
    mend: "Keep what you want of both, and delete the copy.",
  },
  question: { mendedBy: "person", means: "The sync has stopped to ask.", mend: "What the question says." },
} as const satisfies Record<string, Remedy>;

export type FindingKind = keyof typeof remedies;

/** Plain data: a line of `doctor --json`. */
export type Finding = Remedy & {
  readonly kind: FindingKind;
  /** Of the item, or "" for the folder or the device as a whole. */
  readonly path: RelativePath;
  /** This time: what exactly; undefined where the kind says it all. */
  readonly detail: string | undefined;
};

export function finding(kind: FindingKind, path: RelativePath = "", detail?: string): Finding {
  return { kind, path, detail, ...remedies[kind] };
}
