import { ProblemError } from "@ashlar/shared/protocol/problem";
import * as z from "zod/mini";

/** A part of the path as an id; anything else names nothing that could be there. */
export function pathPart<Schema extends z.ZodMiniType>(schema: Schema, part: string): z.output<Schema> {
  const result = z.safeParse(schema, part);
  if (!result.success) throw new ProblemError("not-found");
  return result.data;
}
