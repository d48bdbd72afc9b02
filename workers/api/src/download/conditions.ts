/** Conditional and range requests (RFC 9110 sections 13 and 14), as all downloads answer them. */
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Context } from "hono";
import { problemResponse } from "../http/problems.ts";
import { parseRange, type Range } from "./range.ts";

export function unsatisfiable(size: number): Response {
  const response = problemResponse(new ProblemError("range-not-satisfiable"));
  response.headers.set("content-range", `bytes */${size}`);
  return response;
}

/** A range of another state of the content is not wanted: then the whole is. */
export function rangeAsked(c: Context, etag: string): Range | undefined {
  const condition = c.req.header("if-range");
  return condition === undefined || condition === etag ? parseRange(c.req.header("range")) : undefined;
}

/** RFC 9110 section 13.1.2: weak comparison. */
export function listsTag(header: string | undefined, ...etags: readonly string[]): boolean {
  if (header === undefined) return false;
  const tags = new Set(header.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return tags.has("*") || etags.some((etag) => tags.has(etag));
}
