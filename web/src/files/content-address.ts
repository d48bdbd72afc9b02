/** Addresses of whole files: signed, good for an hour, and usable by an image, a video or a download. */
import { type Caller, jsonBody, parsed } from "@ashlar/client/edge/caller";
import type { NodeId } from "@ashlar/shared/ids";
import { signedAddressSchema, type ContentUse } from "@ashlar/shared/protocol/content";

export async function contentAddress(
  call: Caller,
  node: NodeId,
  as: ContentUse,
  more: { readonly version?: number; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const path = `/v1/files/${node}/address`;
  const body = jsonBody({ as, ...(more.version !== undefined && { version: more.version }) });
  return parsed(signedAddressSchema, path, await call({ method: "POST", path, ...body, signal: more.signal })).url;
}

export async function archiveAddress(call: Caller, nodes: readonly NodeId[]): Promise<string> {
  const path = "/v1/archives";
  return parsed(signedAddressSchema, path, await call({ method: "POST", path, ...jsonBody({ nodes }) })).url;
}
