/** What can be done to files, with its words: each is said, and can be taken back. */
import { rootId, type NodeId } from "@ashlar/shared/ids";
import { nameFault, type NameFault } from "@ashlar/shared/names";
import { useMemo } from "react";
import { moveTo, type Outcome, remove, rename } from "../library/actions.ts";
import type { Entry } from "../library/entry.ts";
import type { Library } from "../library/library.ts";
import { useApp } from "../shell/context.ts";
import { countText } from "../ui/format.ts";
import { run } from "../ui/run.ts";
import { say, sayFault } from "../ui/toasts.tsx";

export const faultTexts: Readonly<Record<NameFault, string>> = {
  empty: "Enter a name.",
  "too-long": "That name is too long.",
  "not-nfc": "That name has characters that cannot be used.",
  separator: "A name cannot have a slash in it.",
  nul: "That name has characters that cannot be used.",
  dot: "That name means something else to computers: choose another one.",
  "lone-surrogate": "That name has characters that cannot be used.",
};

export type FileActions = {
  readonly rename: (entry: Entry, name: string) => void;
  readonly move: (entries: readonly Entry[], to: NodeId) => void;
  readonly remove: (entries: readonly Entry[]) => void;
};

const thing = (entries: readonly Entry[]): string =>
  entries.length === 1 && entries[0] !== undefined ? `“${entries[0].name}”` : countText(entries.length, "item");

/** One sentence for what was done, with its way back, and one for what was not. */
export function tell(done: string, outcome: Outcome): void {
  const { undo } = outcome;
  if (outcome.done > 0 && undo === undefined) say(done);
  else if (outcome.done > 0 && undo !== undefined)
    say(done, {
      label: "Undo",
      run: () => run(async () => tell("Undone.", await undo())),
    });
  const [first, ...more] = outcome.refused;
  if (first !== undefined) sayFault(more.length === 0 ? first : `${first} ${countText(more.length, "other")} could not be changed either.`);
}

export function useFileActions(): FileActions {
  const { library } = useApp();
  return useMemo(() => fileActions(library), [library]);
}

function fileActions(library: Library): FileActions {
  return {
    rename(entry, name) {
      const fault = nameFault(name);
      if (fault !== undefined) return sayFault(faultTexts[fault]);
      run(async () => tell(`Renamed to “${name}”.`, await rename(library, entry, name)));
    },
    move(chosen, to) {
      // As they are now: the dialog was open for a while.
      const entries = chosen.flatMap((entry) => library.latest(entry) ?? []);
      const where = to === rootId ? "Files" : `“${library.get(to)?.name ?? "the folder"}”`;
      run(async () => tell(`Moved ${thing(entries)} to ${where}.`, await moveTo(library, entries, to)));
    },
    remove(entries) {
      run(async () => tell(`Moved ${thing(entries)} to the trash.`, await remove(library, entries, new AbortController().signal)));
    },
  };
}
