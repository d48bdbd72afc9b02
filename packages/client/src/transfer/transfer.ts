/** Content between this disk and the edge, block by block. */
import { createDownloads, type Downloads } from "./download.ts";
import type { TransferOptions } from "./options.ts";
import { createUploads, type Uploads } from "./upload.ts";

/** One for all files of a folder: its memory and its requests are bounded in total, and files that want the same block share it. */
export function createTransfer(options: TransferOptions): Uploads & Downloads {
  return { ...createUploads(options), ...createDownloads(options) };
}
