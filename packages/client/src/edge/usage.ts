import { type Usage, usageSchema } from "@ashlar/shared/protocol/usage";
import { type Caller, parsed } from "./caller.ts";

/** What the account holds, may hold and has sent. `call` is signed. Rejects with UnreachableError or a ProblemError. */
export async function readUsage(call: Caller, signal?: AbortSignal): Promise<Usage> {
  const path = "/v1/usage";
  return parsed(usageSchema, path, await call({ method: "GET", path, signal }));
}
