import ignore, { type Ignore } from "ignore";
import { ignoreFileBytesMax } from "@ashlar/shared/limits";
import { type Disk, DiskError, type RelativePath, type Stat } from "../ports.ts";
import { meets } from "../stat.ts";
import { isIgnoredByDefault } from "./ignore-defaults.ts";
import { comparePaths, foldersAbove, joinPath } from "./path.ts";

/** Rules for its folder and all below, in the syntax of gitignore; synced like any file. */
export const ignoreFileName = ".ashlarignore";

/** What is kept out of the sync. A scan brings the rules of a folder up to date before it asks about what is in it. */
export type IgnoreRules = {
  /** Whether the entry, or a folder it is in, is left out. Matches names in NFC. */
  ignores(path: RelativePath, kind: Stat["kind"]): boolean;
  /**
   * Takes in the folder's own rules, given its rule file as just listed. True when they differ from before: then
   * everything below is to be looked at. Rejects with DiskError when they cannot be read, and so nothing may be sent.
   */
  enter(folder: RelativePath, ruleFile: Stat | undefined): Promise<boolean>;
  /** Takes in the rules of the folders above one that were never entered. */
  reach(folder: RelativePath): Promise<void>;
};

/** The matcher remembers every path it was asked about; it is made anew after this many. */
const askedMax = 50_000;

type RuleFile = { readonly stat: Stat; readonly patterns: readonly string[] };

/** Reads rule files as it meets them, and again when they change; keep it from scan to scan. */
export function loadIgnore(disk: Pick<Disk, "stat" | "open">): IgnoreRules {
  return new FolderRules(disk);
}

class FolderRules implements IgnoreRules {
  readonly #disk: Pick<Disk, "stat" | "open">;
  readonly #files = new Map<RelativePath, RuleFile>();
  readonly #entered = new Set<RelativePath>();
  #matcher: Ignore | undefined;
  #asked = 0;

  constructor(disk: Pick<Disk, "stat" | "open">) {
    this.#disk = disk;
  }

  ignores(path: RelativePath, kind: Stat["kind"]): boolean {
    const plain = path.normalize("NFC");
    const verdict = this.#files.size === 0 ? undefined : this.#match(kind === "folder" ? `${plain}/` : plain);
    if (verdict?.ignored) return true;
    if (verdict?.unignored) return false;
    return kind !== "folder" && isIgnoredByDefault(plain.slice(plain.lastIndexOf("/") + 1));
  }

  async enter(folder: RelativePath, ruleFile: Stat | undefined): Promise<boolean> {
    const known = this.#files.get(folder);
    if (ruleFile?.kind !== "file") {
      this.#entered.add(folder);
      if (known === undefined) return false;
      this.#files.delete(folder);
    } else {
      if (known !== undefined && meets(ruleFile, known.stat)) return false;
      this.#files.set(folder, await this.#read(folder));
      this.#entered.add(folder);
    }
    this.#matcher = undefined;
    return true;
  }

  async reach(folder: RelativePath): Promise<void> {
    for (const above of foldersAbove(folder)) {
      if (!this.#entered.has(above)) await this.enter(above, await this.#disk.stat(joinPath(above, ignoreFileName)));
    }
  }

  #match(path: string): ReturnType<Ignore["test"]> {
    if (this.#matcher === undefined || this.#asked >= askedMax) {
      // A rule deeper down comes later, and the last one that matches decides, as with gitignore.
      const folders = [...this.#files.keys()].toSorted(comparePaths);
      this.#matcher = ignore({ ignorecase: false }).add(folders.flatMap((folder) => this.#files.get(folder)?.patterns ?? []));
      this.#asked = 0;
    }
    this.#asked++;
    return this.#matcher.test(path);
  }

  async #read(folder: RelativePath): Promise<RuleFile> {
    const path = joinPath(folder, ignoreFileName);
    await using file = await this.#disk.open(path);
    const stat = await file.stat();
    if (stat.size > ignoreFileBytesMax)
      throw new DiskError("io", path, new RangeError(`a rule file holds at most ${ignoreFileBytesMax} bytes`));
    const bytes = new Uint8Array(stat.size);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) count = await file.read(bytes.subarray(length), length);
    const text = new TextDecoder().decode(bytes.subarray(0, length)).normalize("NFC");
    return { stat, patterns: text.split(/\r?\n/).flatMap((line) => rootedPattern(folder.normalize("NFC"), line)) };
  }
}

/** One line of a folder's rule file as a pattern for paths from the root; nothing for blank lines and comments. */
export function rootedPattern(folder: RelativePath, line: string): string[] {
  if (line.trim() === "" || line.startsWith("#")) return [];
  if (folder === "") return [line];
  const negative = line.startsWith("!");
  const pattern = negative ? line.slice(1) : line;
  // A slash before the end ties a pattern to its folder; without one it holds at any depth below.
  const tied = pattern.replace(/\s+$/, "").slice(0, -1).includes("/");
  const place = folder.replace(/[\\*?[\]!# ]/g, String.raw`\$&`);
  return [`${negative ? "!" : ""}/${place}/${tied ? pattern.replace(/^\//, "") : `**/${pattern}`}`];
}
