import { type Disk, DiskError, type DiskErrorCode, type Draft, type ReadHandle, type RelativePath } from "../../src/ports.ts";

/** Every call that can fail: of the disk, of a draft, of an open file. */
export type FaultPoint = keyof Disk | `draft.${"write" | "place"}` | `file.${"stat" | "read"}`;

export type Fault = {
  readonly at: FaultPoint;
  /** Undefined: any path, and the calls that have none. */
  readonly path?: RelativePath;
  readonly code: DiskErrorCode;
  /** How many of the matching calls to let pass first; 0 unless said. */
  readonly after?: number;
  /** How many to fail then; all unless said. */
  readonly times?: number;
};

type Armed = { readonly fault: Fault; passed: number; failed: number };

/** A disk in front of another one that fails where it is told to, before the other one hears of the call. */
export class FaultDisk implements Disk {
  readonly #disk: Disk;
  #armed: Armed[] = [];

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  fail(...faults: readonly Fault[]): void {
    this.#armed.push(...faults.map((fault) => ({ fault, passed: 0, failed: 0 })));
  }

  heal(): void {
    this.#armed = [];
  }

  async stat(path: RelativePath) {
    this.#strike("stat", path);
    return this.#disk.stat(path);
  }

  async list(path: RelativePath) {
    this.#strike("list", path);
    return this.#disk.list(path);
  }

  async open(path: RelativePath): Promise<ReadHandle> {
    this.#strike("open", path);
    const file = await this.#disk.open(path);
    return {
      stat: async () => {
        this.#strike("file.stat", path);
        return file.stat();
      },
      read: async (into, offset) => {
        this.#strike("file.read", path);
        return file.read(into, offset);
      },
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    };
  }

  async readLink(path: RelativePath) {
    this.#strike("readLink", path);
    return this.#disk.readLink(path);
  }

  async draft(): Promise<Draft> {
    this.#strike("draft", "");
    const draft = await this.#disk.draft();
    return {
      write: async (bytes, offset) => {
        this.#strike("draft.write", "");
        await draft.write(bytes, offset);
      },
      place: async (path, options) => {
        this.#strike("draft.place", path);
        return draft.place(path, options);
      },
      [Symbol.asyncDispose]: () => draft[Symbol.asyncDispose](),
    };
  }

  async makeFolder(...call: Parameters<Disk["makeFolder"]>) {
    this.#strike("makeFolder", call[0]);
    return this.#disk.makeFolder(...call);
  }

  async makeLink(...call: Parameters<Disk["makeLink"]>) {
    this.#strike("makeLink", call[0]);
    return this.#disk.makeLink(...call);
  }

  async setMode(...call: Parameters<Disk["setMode"]>) {
    this.#strike("setMode", call[0]);
    return this.#disk.setMode(...call);
  }

  async move(...call: Parameters<Disk["move"]>) {
    this.#strike("move", call[0]);
    return this.#disk.move(...call);
  }

  async remove(...call: Parameters<Disk["remove"]>) {
    this.#strike("remove", call[0]);
    return this.#disk.remove(...call);
  }

  async removeFolder(path: RelativePath) {
    this.#strike("removeFolder", path);
    return this.#disk.removeFolder(path);
  }

  async readMarker() {
    this.#strike("readMarker", "");
    return this.#disk.readMarker();
  }

  async writeMarker(text: string) {
    this.#strike("writeMarker", "");
    return this.#disk.writeMarker(text);
  }

  #strike(at: FaultPoint, path: RelativePath): void {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (fault.at !== at || (fault.path !== undefined && fault.path !== path)) continue;
      if (armed.passed < (fault.after ?? 0)) armed.passed++;
      else if (armed.failed < (fault.times ?? Infinity)) {
        armed.failed++;
        throw new DiskError(fault.code, path);
      }
    }
  }
}
