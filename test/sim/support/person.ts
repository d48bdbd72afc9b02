/** What a person does to a folder: everything that FIELD's nasty cases are made of, from one seed. */
import type { RelativePath } from "@ashlar/client/ports";
import type { Random } from "../../../packages/client/test/support/random.ts";
import type { SimulatedDisk } from "../../../packages/client/test/support/simulated-disk.ts";

/** Of two forms in Unicode, and of two cases. */
const names = ["a", "b", "c", "d.txt", "e.txt", "f.md", "\u00e9.txt", "A"];
const depthMax = 4;
/** Above the pack limit, so that the block index has a part as well. */
const largeChars = 70_000;

export class Persons {
  /** Every text that was saved, and those that the same person overwrote or removed again. */
  readonly saved = new Set<string>();
  readonly destroyed = new Set<string>();
  readonly #random: Random;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * One act; answers what it was, or undefined if nothing came of it. Nothing is moved to where it cannot be seen: it would be
   * right to take it for removed.
   */
  act(disk: SimulatedDisk, isHidden: (path: RelativePath) => boolean): string | undefined {
    const items = [...disk.items()];
    const files = items.filter(([, { kind }]) => kind === "file").map(([path]) => path);
    const path = items.length === 0 ? undefined : this.#random.pick(items)[0];
    const file = files.length === 0 ? undefined : this.#random.pick(files);
    const place = this.#freePath(disk);
    const free = place === undefined || isHidden(place) ? undefined : place;
    const dice = this.#random.below(15);
    if (dice <= 2 || path === undefined) return free === undefined ? undefined : this.#write(disk, free);
    if (dice === 3) return free === undefined ? undefined : this.#say(`makes folder ${free}`, () => disk.userMakeFolder(free));
    if (dice <= 5) return file === undefined ? undefined : this.#edit(disk, file, dice === 4);
    if (dice <= 8)
      return free === undefined || isAbove(path, free) ? undefined : this.#say(`moves ${path} to ${free}`, () => disk.userMove(path, free));
    if (dice === 9)
      return isHidden(path) ? undefined : this.#swap(disk, path, this.#random.pick(items.filter(([other]) => !isHidden(other)))[0]);
    if (dice === 10) return this.#remove(disk, path);
    if (dice === 11) return this.#changeKind(disk, path);
    if (dice === 12) return file === undefined || free === undefined ? undefined : this.#copy(disk, file, free);
    if (dice === 13) return this.#chmod(disk, path);
    return this.#say(`touches ${path}`, () => disk.userTouch(path));
  }

  #say(what: string, act: () => void): string {
    act();
    return what;
  }

  #write(disk: SimulatedDisk, path: RelativePath): string {
    const text = this.#text();
    return this.#say(`writes ${path}`, () => disk.userWrite(path, text));
  }

  #edit(disk: SimulatedDisk, path: RelativePath, inPlace: boolean): string {
    this.#destroy(disk, path);
    const text = this.#text();
    return this.#say(`${inPlace ? "edits" : "replaces"} ${path}`, () =>
      inPlace ? disk.userWrite(path, text) : disk.userReplace(path, text),
    );
  }

  #swap(disk: SimulatedDisk, one: RelativePath, other: RelativePath): string | undefined {
    if (isAbove(one, other) || isAbove(other, one)) return undefined;
    return this.#say(`swaps ${one} and ${other}`, () => disk.userSwap(one, other));
  }

  #remove(disk: SimulatedDisk, path: RelativePath): string {
    this.#destroy(disk, path);
    return this.#say(`removes ${path}`, () => disk.userRemove(path));
  }

  #changeKind(disk: SimulatedDisk, path: RelativePath): string {
    this.#destroy(disk, path);
    const isFolder = disk.find(path)?.kind === "folder";
    disk.userRemove(path);
    if (isFolder) disk.userWrite(path, this.#text());
    else disk.userMakeFolder(path);
    return `turns ${path} into another kind`;
  }

  #copy(disk: SimulatedDisk, from: RelativePath, to: RelativePath): string {
    const text = disk.text(from) ?? "";
    return this.#say(`copies ${from} to ${to}`, () => disk.userWrite(to, text));
  }

  #chmod(disk: SimulatedDisk, path: RelativePath): string | undefined {
    if (disk.find(path)?.kind === "symlink") return undefined;
    const mode = this.#random.pick([0o755, 0o700, 0o644]);
    return this.#say(`changes the mode of ${path}`, () => disk.userChmod(path, mode));
  }

  /** Every one is another; a few are large. */
  #text(): string {
    const text = `text ${this.#count++}${this.#random.chance(0.15) ? ` ${"and more ".repeat(largeChars / 9)}` : ""}`;
    this.saved.add(text);
    return text;
  }

  #destroy(disk: SimulatedDisk, path: RelativePath): void {
    for (const [other, { bytes }] of disk.items()) if (isAbove(path, other)) this.destroyed.add(new TextDecoder().decode(bytes));
  }

  #freePath(disk: SimulatedDisk): RelativePath | undefined {
    const folders = ["", ...[...disk.items()].filter(([, { kind }]) => kind === "folder").map(([path]) => path)];
    const folder = this.#random.pick(folders);
    if (folder.split("/").length > depthMax) return undefined;
    const path = `${folder === "" ? "" : `${folder}/`}${this.#random.pick(names)}`;
    return disk.find(path) === undefined ? path : undefined;
  }
}

/** Or the same. */
function isAbove(path: RelativePath, other: RelativePath): boolean {
  return `${other}/`.startsWith(`${path}/`);
}
