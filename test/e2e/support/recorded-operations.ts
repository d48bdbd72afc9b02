/** What each operation was last counted to ask for: what must not grow unseen, and what the cost model is fed with. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { root } from "../../../scripts/local/root.ts";
import type { Operations } from "./operations.ts";

const file = join(root, "test/counting/operations.json");

const askedSchema = z.strictObject({
  requests: z.int(),
  objectCalls: z.int(),
  objectAlarms: z.int(),
  objectMessages: z.int(),
  objectRowsRead: z.int(),
  objectRowsWritten: z.int(),
  objectD1Batches: z.int(),
  r2Writes: z.int(),
  r2Reads: z.int(),
  r2Deletes: z.int(),
  d1Batches: z.int(),
  d1RowsRead: z.int(),
  d1RowsWritten: z.int(),
  upBytes: z.int(),
  downBytes: z.int(),
});

const operationsSchema = z.strictObject({
  counted: z.record(z.string(), z.strictObject({ what: z.string(), times: z.int(), asked: askedSchema })),
  rowBytes: z.strictObject({ metaPerFile: z.number(), indexPerBlock: z.number() }),
});

export async function readOperations(): Promise<Operations> {
  return operationsSchema.parse(JSON.parse(await readFile(file, "utf8")));
}

export async function writeOperations(operations: Operations): Promise<void> {
  await writeFile(file, `${JSON.stringify(operations, undefined, 2)}\n`);
}
