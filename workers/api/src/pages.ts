/** The web app: its files, and its one page for every other address outside of `/v1/`, where the app itself looks what is asked for. */
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Env } from "./env.ts";
import { problemResponse } from "./http/problems.ts";

/** Names in there have a hash of their content: one that is not there (any more) must not be answered, and kept, as something else. */
const hashedFiles = "/assets/";

/**
 * A deployed Worker is asked only for what is no file. The platform's own way of answering with the page would do so below
 * {@link hashedFiles} as well, under headers that have it kept for a year.
 */
export async function servePage(request: Request, { ASSETS }: Env): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return problemResponse(new ProblemError("method-not-allowed"), ["GET", "HEAD"]);
  const file = await ASSETS.fetch(request);
  const { pathname } = new URL(request.url);
  if (file.status !== 404 || pathname.startsWith(hashedFiles)) return file;
  await file.body?.cancel();
  return ASSETS.fetch(new Request(new URL("/", request.url), request));
}
