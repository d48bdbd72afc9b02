import type { Context } from "hono";
import * as z from "zod/mini";
import { parse } from "../http/body.ts";

/** A whole number in a query, where everything is text. */
export const wholeNumber = z.pipe(
  z.pipe(
    z.string().check(z.regex(/^\d{1,15}$/)),
    z.transform((text: string) => Number(text)),
  ),
  z.int(),
);

/** The query's parameters, as the schema has them: each once, and no others. */
export function parseQuery<Schema extends z.ZodMiniType>(c: Context, schema: Schema): z.output<Schema> {
  const values = Object.entries(c.req.queries()).map(([name, [first, ...more]]) => [name, more.length === 0 ? first : [first, ...more]]);
  return parse(schema, Object.fromEntries(values));
}
