/** Uploads under way, kept in IndexedDB: after a reload they can go on, and what arrived is not sent again. */
import { nodeIdSchema, opIdSchema, userIdSchema, type UserId } from "@ashlar/shared/ids";
import * as z from "zod/mini";

const keptSchema = z.object({
  id: z.string(),
  user: userIdSchema,
  node: nodeIdSchema,
  opId: opIdSchema,
  parent: nodeIdSchema,
  name: z.string(),
  size: z.number(),
  lastModified: z.number(),
  /** Opens the file again; without it a person has to choose it again. */
  handle: z.optional(z.custom<FileSystemFileHandle>((value) => typeof value === "object" && value !== null && "getFile" in value)),
});
export type KeptUpload = z.infer<typeof keptSchema>;

export type KeptUploads = {
  all(user: UserId): Promise<KeptUpload[]>;
  put(uploads: readonly KeptUpload[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
};

const databaseName = "ashlar";
const storeName = "uploads";

export function openKeptUploads(): KeptUploads {
  let opened: Promise<IDBDatabase> | undefined;
  const database = () => (opened ??= open());
  return {
    async all(user) {
      const store = (await database()).transaction(storeName).objectStore(storeName);
      const rows: unknown[] = await settled(store.getAll());
      // A row of another version of the page is no use to this one.
      return rows.flatMap((row) => {
        const kept = keptSchema.safeParse(row);
        return kept.success && kept.data.user === user ? [kept.data] : [];
      });
    },
    put: async (uploads) => inOne(await database(), (store) => uploads.forEach((upload) => store.put(upload))),
    remove: async (ids) => inOne(await database(), (store) => ids.forEach((id) => store.delete(id))),
  };
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(storeName, { keyPath: "id" }));
  return settled(request);
}

function inOne(database: IDBDatabase, work: (store: IDBObjectStore) => void): Promise<void> {
  const transaction = database.transaction(storeName, "readwrite");
  work(transaction.objectStore(storeName));
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("the browser's storage refused it")));
  });
}

function settled<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the browser's storage failed")));
  });
}
