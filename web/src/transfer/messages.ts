/** What the page and its worker say to each other. */
import type { DeviceId, NodeId, OpId, UserId } from "@ashlar/shared/ids";
import type { Change } from "@ashlar/shared/protocol/change";

/** The file that an upload makes a new version of. */
export type Replaced = { readonly node: NodeId; readonly rev: number; readonly version: number };

export type UploadTask = {
  readonly id: string;
  readonly file: File;
  readonly parent: NodeId;
  readonly name: string;
  /** Made before the first byte is sent: the same operation, sent again, is done once. */
  readonly node: NodeId;
  readonly opId: OpId;
  readonly replaces: Replaced | undefined;
};

export type Identity = { readonly user: UserId; readonly device: DeviceId; readonly deviceName: string };

export type ToWorker =
  | { readonly type: "begin"; readonly identity: Identity }
  | { readonly type: "upload"; readonly tasks: readonly UploadTask[] }
  /** What was sent stays at the edge: the same task again finds it there. */
  | { readonly type: "stop"; readonly ids: readonly string[] }
  | { readonly type: "token"; readonly asked: number; readonly token: string }
  | { readonly type: "no-token"; readonly asked: number; readonly why: string };

export type FromWorker =
  | { readonly type: "token"; readonly asked: number; readonly refused: string | undefined }
  | { readonly type: "progress"; readonly done: readonly (readonly [id: string, bytes: number])[] }
  | { readonly type: "started"; readonly id: string }
  | { readonly type: "finished"; readonly ids: readonly string[]; readonly changes: readonly Change[] }
  | { readonly type: "failed"; readonly id: string; readonly why: string };
