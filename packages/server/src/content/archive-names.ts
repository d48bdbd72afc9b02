/** What some system takes for a separator, a drive, a pattern or a command, or does not show as it is. */
const unsafe = /[\\/:*?"<>|\p{Cc}\p{Bidi_Control}]/gu;
/** Devices of Windows, with any extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The name as a part of a path that every system unpacks below the folder it unpacks into, as one file. */
export function safeName(name: string): string {
  const shown = name.replaceAll(unsafe, "_").replace(/[. ]+$/, (end) => "_".repeat(end.length));
  return reserved.test(shown) ? `_${shown}` : shown;
}

/** Names in one folder of an archive, none twice, whatever case they are in: many systems do not tell cases apart. */
export class NamesInFolder {
  readonly #taken = new Set<string>();

  take(name: string): string {
    const safe = safeName(name);
    const dot = safe.lastIndexOf(".");
    const [stem, extension] = dot > 0 ? [safe.slice(0, dot), safe.slice(dot)] : [safe, ""];
    let free = safe;
    for (let count = 2; this.#taken.has(keyOf(free)); count++) free = `${stem} (${count})${extension}`;
    this.#taken.add(keyOf(free));
    return free;
  }
}

const keyOf = (name: string): string => name.toUpperCase().toLowerCase().normalize("NFC");
