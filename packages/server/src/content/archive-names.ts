/** What some system takes for a separator, a drive, a pattern or a command, or does not show as it is. */
const unsafe = /[\\/:*?"<>|\p{Cc}\p{Bidi_Control}]/gu;
/** Devices of Windows, with any extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The name as a part of a path that every system unpacks below the folder it unpacks into, as one file. */
export function safeName(name: string): string {
  // Looked at from the beginning of each run, so that a name with many takes no more time than others.
  const shown = name.replaceAll(unsafe, "_").replace(/(?<![. ])[. ]+$/, (end) => "_".repeat(end.length));
  return reserved.test(shown) ? `_${shown}` : shown;
}

/** Names in one folder of an archive, none twice, whatever case they are in: many systems do not tell cases apart. */
export class NamesInFolder {
  /** With the number that the next one of this name tries first: were it 2 each time, 50,000 that look alike would take minutes. */
  readonly #taken = new Map<string, number>();

  take(name: string): string {
    const safe = safeName(name);
    const wanted = keyOf(safe);
    const dot = safe.lastIndexOf(".");
    const [stem, extension] = dot > 0 ? [safe.slice(0, dot), safe.slice(dot)] : [safe, ""];
    let free = safe;
    let count = this.#taken.get(wanted) ?? 2;
    while (this.#taken.has(keyOf(free))) free = `${stem} (${count++})${extension}`;
    this.#taken.set(wanted, count);
    if (free !== safe) this.#taken.set(keyOf(free), 2);
    return free;
  }
}

const keyOf = (name: string): string => name.toUpperCase().toLowerCase().normalize("NFC");
