/** The page's uploads: what waits, what is on its way, what failed and why. The worker does them. */
import { nodeIdSchema, type NodeId, type OpId } from "@ashlar/shared/ids";
import { makeFolder } from "../library/actions.ts";
import type { Entry } from "../library/entry.ts";
import type { Library } from "../library/library.ts";
import { newNodeId, newOpId } from "../platform/random.ts";
import { scriptUrl } from "../platform/script-url.ts";
import { createStore, type Readable } from "../platform/store.ts";
import type { DroppedItems } from "./dropped.ts";
import { openKeptUploads } from "./kept-uploads.ts";
import type { FromWorker, Replaced, ToWorker } from "./messages.ts";
// oxlint-disable-next-line import/default -- Vite makes the address of it.
import workerUrl from "./worker.ts?worker&url";
import { messageOf } from "../ui/run.ts";
import { sayFault } from "../ui/toasts.tsx";

export type TransferState =
  | "waiting"
  | "sending"
  | "paused"
  | "done"
  | "failed"
  /** It was under way when the page was closed, and its file has to be opened again. */
  | "interrupted";

export type Transfer = {
  readonly id: string;
  readonly name: string;
  readonly parent: NodeId;
  readonly size: number;
  readonly sent: number;
  readonly state: TransferState;
  readonly why: string | undefined;
  /** Undefined: after a reload, until it is opened or chosen again. */
  readonly file: File | undefined;
  readonly handle: FileSystemFileHandle | undefined;
  readonly lastModified: number;
  readonly node: NodeId;
  readonly opId: OpId;
  readonly replaces: Replaced | undefined;
};

export type Transfers = {
  readonly list: Readable<readonly Transfer[]>;
  /** Resolves when they wait in the line, in folders that are there. */
  add(folder: NodeId, items: DroppedItems): Promise<void>;
  pause(ids: readonly string[]): void;
  /** Also what failed. What was interrupted needs its file: by its handle, or chosen again. */
  resume(ids: readonly string[], chosen?: readonly File[]): Promise<void>;
  cancel(ids: readonly string[]): void;
  /** What is done or failed goes from the list. */
  clear(): void;
  close(): void;
};

export const isActive = ({ state }: Transfer): boolean => state === "waiting" || state === "sending";

export function createTransfers(library: Library): Transfers {
  const { connection } = library;
  const { user, device } = connection.tokens;
  const list = createStore<readonly Transfer[]>([]);
  const kept = openKeptUploads();
  const worker = new Worker(scriptUrl(workerUrl), { type: "module", name: "ashlar-uploads" });
  const tell = (message: ToWorker): void => worker.postMessage(message, []);
  tell({ type: "begin", identity: { user, device, deviceName: connection.edge.deviceName } });

  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => hear(data));
  worker.addEventListener("error", (event) => sayFault(`Uploads do not work in this browser: ${event.message}`));
  kept.all(user).then(
    (rows) =>
      list.update((transfers) => [
        ...rows.map(({ handle, ...row }): Transfer => ({
          ...row,
          handle,
          sent: 0,
          state: "interrupted",
          why: handle === undefined ? "Choose the file again to go on." : undefined,
          file: undefined,
          replaces: undefined,
        })),
        ...transfers,
      ]),
    // Private windows may have no storage: uploads then end with the page.
    () => undefined,
  );
  const warn = (event: BeforeUnloadEvent) => {
    if (list.get().some(isActive)) event.preventDefault();
  };
  window.addEventListener("beforeunload", warn);

  function change(ids: readonly string[], with_: Partial<Transfer>): void {
    const changed = new Set(ids);
    list.update((transfers) => transfers.map((transfer) => (changed.has(transfer.id) ? { ...transfer, ...with_ } : transfer)));
  }

  function hear(message: FromWorker): void {
    switch (message.type) {
      case "token":
        return handOut(message.asked, message.refused);
      case "started":
        return change([message.id], { state: "sending" });
      case "progress": {
        const sent = new Map(message.done);
        list.update((transfers) => transfers.map((transfer) => ({ ...transfer, sent: sent.get(transfer.id) ?? transfer.sent })));
        return;
      }
      case "finished":
        library.learnChanges(message.changes);
        forget(message.ids);
        list.update((transfers) =>
          transfers.map((transfer) =>
            message.ids.includes(transfer.id) ? { ...transfer, state: "done", sent: transfer.size, file: undefined } : transfer,
          ),
        );
        return;
      case "failed":
        return change([message.id], { state: "failed", why: message.why });
    }
  }

  function handOut(asked: number, refused: string | undefined): void {
    (refused === undefined ? connection.tokens.current() : connection.tokens.renew(refused)).then(
      (token) => tell({ type: "token", asked, token }),
      (error: unknown) => tell({ type: "no-token", asked, why: messageOf(error) }),
    );
  }

  function forget(ids: readonly string[]): void {
    kept.remove(ids).catch(() => undefined);
  }

  function start(transfers: readonly Transfer[]): void {
    const tasks = transfers.flatMap(({ file, ...task }) => (file === undefined ? [] : [{ ...task, file }]));
    change(
      tasks.map(({ id }) => id),
      { state: "waiting", why: undefined, sent: 0 },
    );
    tell({
      type: "upload",
      tasks: tasks.map(({ id, file, parent, name, node, opId, replaces }) => ({ id, file, parent, name, node, opId, replaces })),
    });
  }

  async function childrenByName(folder: NodeId): Promise<Map<string, Entry>> {
    await whenRead(library, folder);
    return new Map(Array.from(library.childrenOf(folder), (entry) => [entry.name, entry]));
  }

  /** The folder below `folder` with these names, made where it is missing. */
  function folderMaker(folder: NodeId): (names: readonly string[]) => Promise<NodeId> {
    const made = new Map<string, Promise<NodeId>>();
    const at = (names: readonly string[]): Promise<NodeId> => {
      if (names.length === 0) return Promise.resolve(folder);
      const key = JSON.stringify(names);
      const known = made.get(key) ?? make(names);
      made.set(key, known);
      return known;
    };
    const make = async (names: readonly string[]): Promise<NodeId> => {
      const parent = await at(names.slice(0, -1));
      const name = (names.at(-1) ?? "").normalize("NFC");
      const there = (await childrenByName(parent)).get(name);
      if (there?.kind === "folder") return there.node;
      const { node, refused } = await makeFolder(library, parent, name);
      if (refused[0] !== undefined) throw new Error(refused[0]);
      return node;
    };
    return at;
  }

  return {
    list,
    async add(folder, { files, folders }) {
      const folderAt = folderMaker(folder);
      for (const names of folders) await folderAt(names);
      const news: Transfer[] = [];
      for (const { file, folders: names, handle } of files) {
        const parent = await folderAt(names);
        const name = file.name.normalize("NFC");
        const there = (await childrenByName(parent)).get(name);
        news.push({
          id: newOpId(),
          name,
          parent,
          size: file.size,
          sent: 0,
          state: "waiting",
          why: undefined,
          file,
          handle,
          lastModified: file.lastModified,
          node: newNodeId(),
          opId: newOpId(),
          replaces: there?.kind === "file" ? { node: there.node, rev: there.rev, version: there.version } : undefined,
        });
      }
      list.update((transfers) => [...transfers, ...news]);
      await kept
        .put(
          news.map(({ id, node, opId, parent, name, size, lastModified, handle }) => ({
            id,
            user,
            node,
            opId,
            parent,
            name,
            size,
            lastModified,
            ...(handle !== undefined && { handle }),
          })),
        )
        .catch(() => undefined);
      start(news);
    },
    pause(ids) {
      const active = list.get().filter((transfer) => ids.includes(transfer.id) && isActive(transfer));
      const paused = active.map(({ id }) => id);
      tell({ type: "stop", ids: paused });
      change(paused, { state: "paused" });
    },
    async resume(ids, chosen = []) {
      for (const transfer of list.get().filter(({ id, state }) => ids.includes(id) && state !== "done")) {
        if (isActive(transfer)) continue;
        const file = transfer.file ?? fileAmong(chosen, transfer) ?? (await reopened(transfer));
        if (file === undefined) {
          change([transfer.id], { state: "interrupted", why: "Choose the file again to go on: the same name and size." });
          continue;
        }
        const there = (await childrenByName(transfer.parent)).get(transfer.name);
        const replaces = there?.kind === "file" ? { node: there.node, rev: there.rev, version: there.version } : undefined;
        const again = { ...transfer, file, replaces };
        change([transfer.id], again);
        start([again]);
      }
    },
    cancel(ids) {
      const gone = new Set(ids);
      tell({ type: "stop", ids });
      forget(ids);
      list.update((transfers) => transfers.filter(({ id }) => !gone.has(id)));
    },
    clear() {
      const over = list.get().filter(({ state }) => state === "done" || state === "failed");
      forget(over.map(({ id }) => id));
      list.update((transfers) => transfers.filter((transfer) => !over.includes(transfer)));
    },
    close() {
      window.removeEventListener("beforeunload", warn);
      worker.terminate();
    },
  };
}

const fileAmong = (files: readonly File[], { name, size }: Transfer): File | undefined =>
  files.find((file) => file.name.normalize("NFC") === name && file.size === size);

async function reopened({ handle, size, lastModified }: Transfer): Promise<File | undefined> {
  if (handle === undefined) return undefined;
  const asking = handle as FileSystemFileHandle & { requestPermission?: (options: { mode: "read" }) => Promise<PermissionState> };
  if ((await asking.requestPermission?.({ mode: "read" })) === "denied") return undefined;
  const file = await handle.getFile();
  return file.size === size && file.lastModified === lastModified ? file : undefined;
}

/** Resolves when the folder's listing is whole; rejects when it cannot be read. */
async function whenRead(library: Library, folder: NodeId): Promise<void> {
  const listing = library.listing(nodeIdSchema.parse(folder));
  if (listing.get().state.type === "failed") library.reread(folder);
  for (;;) {
    const { state } = listing.get();
    if (state.type === "ready") return;
    if (state.type === "failed") throw new Error(state.why);
    await new Promise<void>((resolve) => {
      const stop = listing.subscribe(() => {
        stop();
        resolve();
      });
    });
  }
}
