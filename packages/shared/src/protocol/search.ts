/**
 * `GET /v1/search?q=&after=`: live nodes whose name contains `q`, whatever the case, in no particular order. A page may be empty
 * and have a `next` all the same: it ends where enough names were looked through.
 */
import * as z from "zod/mini";
import { nodeSchema } from "./commit.ts";

export const searchSchema = z.object({
  items: z.array(z.extend(nodeSchema, { path: z.string() })),
  next: z.nullable(z.string()),
});
export type SearchPage = z.infer<typeof searchSchema>;
