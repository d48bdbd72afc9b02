/** The client's home: which accounts are signed in on this machine, and which folders belong to them. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { sessionSchema, type Session } from "@ashlar/shared/protocol/account";
import { userIdSchema, type DeviceId, type UserId } from "@ashlar/shared/ids";
import * as z from "zod/mini";
import type { SessionStore } from "../edge/tokens.ts";
import { withProcessLock } from "./process-lock.ts";
import { readStateFile, removeStateFile, writeStateFile } from "./state-file.ts";

/** One account signed in here. The tokens rotate: read it again before using them. */
const accountSchema = z.strictObject({
  server: z.url(),
  email: z.string(),
  deviceName: z.string(),
  session: sessionSchema,
  /** The server has ended the session: only a person can begin another. */
  ended: z.optional(z.literal(true)),
});
export type Account = {
  readonly server: string;
  readonly email: string;
  readonly deviceName: string;
  readonly session: Session;
  readonly ended?: true | undefined;
};

export type HomeSessions = SessionStore & {
  /** Notes for all commands that the server has ended the session; the next sign-in replaces it. */
  end(): Promise<void>;
};

/** The account that a new folder is synced to, and that commands without a folder speak of. */
const currentSchema = z.strictObject({ user: userIdSchema });

const folderSchema = z.strictObject({
  id: z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/)),
  /** The real path: no symbolic link in it when it was registered. */
  path: z.string(),
  user: userIdSchema,
});
export type RegisteredFolder = Readonly<z.infer<typeof folderSchema>>;
const registrySchema = z.strictObject({ folders: z.array(folderSchema) });

const registryLockMs = 5000;

export type FolderPaths = {
  readonly directory: string;
  readonly database: string;
  /** A folder for blocks that changed lately. */
  readonly blocks: string;
  /** Another for those of other devices' files that are not committed yet. */
  readonly early: string;
  readonly lock: string;
  /** What the lock's holder says about itself. */
  readonly holder: string;
  /** Touched by another process to have the daemon look at once. */
  readonly control: string;
};

export type Home = {
  readonly directory: string;
  /** The account signed in last and not signed out since. */
  currentAccount(): Promise<Account | undefined>;
  account(user: UserId): Promise<Account | undefined>;
  /** Stores the account and makes it the current one. */
  enter(account: Account): Promise<void>;
  /** The tokens of one device, shared by all processes of this home. */
  sessions(user: UserId, device: DeviceId): HomeSessions;
  folders(): Promise<readonly RegisteredFolder[]>;
  register(folder: RegisteredFolder): Promise<void>;
  /** Of a folder that was registered and never synced. */
  forget(folder: RegisteredFolder): Promise<void>;
  paths(folder: RegisteredFolder): FolderPaths;
};

export async function openHome(directory: string): Promise<Home> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const accountPath = (user: UserId) => join(directory, "accounts", `${user}.json`);
  const currentPath = join(directory, "current.json");
  const registryPath = join(directory, "folders.json");
  const account = (user: UserId) => readStateFile(accountPath(user), accountSchema);
  const folders = async () => (await readStateFile(registryPath, registrySchema))?.folders ?? [];
  const edit = (change: (before: readonly RegisteredFolder[]) => readonly RegisteredFolder[]) =>
    withProcessLock(join(directory, "folders.lock.sqlite"), registryLockMs, async () =>
      writeStateFile(registryPath, { folders: change(await folders()) }),
    );

  return {
    directory,
    account,
    folders,
    async currentAccount() {
      const current = await readStateFile(currentPath, currentSchema);
      return current && (await account(current.user));
    },
    async enter(entered) {
      await writeStateFile(accountPath(entered.session.user), entered);
      await writeStateFile(currentPath, { user: entered.session.user });
    },
    sessions: (user, device) => ({
      async load() {
        const stored = await account(user);
        return stored?.session.device === device ? stored.session : undefined;
      },
      async save(session) {
        const before = await account(user);
        // Signed out, or in anew, by another process meanwhile: storing the token would undo that.
        if (before?.session.device !== device) return;
        const { server, email, deviceName } = before;
        await writeStateFile(accountPath(user), { server, email, deviceName, session });
      },
      async end() {
        const before = await account(user);
        if (before?.session.device === device) await writeStateFile(accountPath(user), { ...before, ended: true });
      },
      // Folders and their state stay, for a later sign-in of the same account.
      clear: () => removeStateFile(accountPath(user)),
    }),
    register: (folder) => edit((others) => [...others.filter(({ path }) => path !== folder.path), folder]),
    forget: (folder) => edit((all) => all.filter(({ id }) => id !== folder.id)),
    paths(folder) {
      const own = join(directory, "folders", folder.id);
      return {
        directory: own,
        database: join(own, "state.sqlite"),
        blocks: join(own, "blocks"),
        early: join(own, "early"),
        lock: join(own, "lock.sqlite"),
        holder: join(own, "holder.json"),
        // In a folder of its own: it is watched, and the database beside it is written all the time.
        control: join(own, "control", "refresh"),
      };
    },
  };
}
