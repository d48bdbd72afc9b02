/** What was dropped or chosen: files, with the folders that they were in. */
export type Dropped = {
  readonly file: File;
  /** Names of the folders from where it was dropped. */
  readonly folders: readonly string[];
  /** Opens the file again after a reload, where the browser has such. */
  readonly handle?: FileSystemFileHandle;
};
export type DroppedItems = { readonly files: readonly Dropped[]; /** Also empty ones. */ readonly folders: readonly (readonly string[])[] };

/** Has to be called while the event lasts; what it began is awaited later. */
export async function filesOfDrop(transfer: DataTransfer): Promise<DroppedItems> {
  const files: Dropped[] = [];
  const folders: (readonly string[])[] = [];
  const items = [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile(), handle: handleOf(item) }));
  for (const { entry, file, handle } of items) {
    if (entry !== null && entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, [], files, folders);
    else if (file !== null) {
      const opened = await handle;
      files.push({ file, folders: [], ...(opened !== undefined && { handle: opened }) });
    }
  }
  return { files, folders };
}

async function handleOf(item: DataTransferItem): Promise<FileSystemFileHandle | undefined> {
  const asked = item as DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };
  // Not in every browser, and not for everything: then the file is chosen again after a reload.
  const handle = await asked.getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === "file" ? (handle as FileSystemFileHandle) : undefined;
}

async function walk(
  folder: FileSystemDirectoryEntry,
  above: readonly string[],
  files: Dropped[],
  folders: (readonly string[])[],
): Promise<void> {
  const path = [...above, folder.name];
  folders.push(path);
  for (const entry of await entriesOf(folder.createReader())) {
    if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, path, files, folders);
    else files.push({ file: await fileOf(entry as FileSystemFileEntry), folders: path });
  }
}

/** A reader answers with some at a time, a hundred in Chromium, and with none at the end. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const entries: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((resolve, reject) => entry.file(resolve, reject));

/** Of a file input, which tells folders by the path of each file. */
export function filesOfInput(list: FileList): DroppedItems {
  const files = [...list].map((file) => ({ file, folders: file.webkitRelativePath.split("/").slice(0, -1) }));
  return { files, folders: [] };
}
