/** Files that a person chose, as the disk that the sync core reads from. */
import { DiskError, type Disk, type ReadHandle, type Stat } from "@ashlar/client/ports";

type FileDisk = Pick<Disk, "stat" | "open" | "readLink">;

export function fileDisk(fileOf: (path: string) => File | undefined): FileDisk {
  const fileAt = (path: string): File => {
    const file = fileOf(path);
    if (file === undefined) throw new DiskError("absent", path);
    return file;
  };
  return {
    async stat(path) {
      const file = fileOf(path);
      return file === undefined ? undefined : statOf(file);
    },
    async open(path) {
      const file = fileAt(path);
      const handle: ReadHandle = {
        stat: async () => statOf(file),
        async read(into, offset) {
          try {
            const bytes = new Uint8Array(await file.slice(offset, offset + into.length).arrayBuffer());
            into.set(bytes);
            return bytes.length;
          } catch (error) {
            // A file that was changed or removed since it was chosen cannot be read any more.
            throw new DiskError("changed", path, error);
          }
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
      return handle;
    },
    async readLink(path) {
      throw new DiskError("absent", path);
    },
  };
}

function statOf(file: File): Stat {
  const modifiedNs = `${file.lastModified}000000`;
  return { kind: "file", size: file.size, mtimeNs: modifiedNs, ctimeNs: modifiedNs, inode: "0", mode: 0o644 };
}
