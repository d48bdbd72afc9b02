/** What somebody with a link asks, without an account. */
import { type Caller, jsonBody, parsed } from "@ashlar/client/edge/caller";
import { signedAddressSchema, type ContentUse } from "@ashlar/shared/protocol/content";
import {
  type SharedNode,
  type SharedTree,
  shareInfoSchema,
  type ShareInfo,
  type ShareOpened,
  shareOpenedSchema,
  sharedTreeSchema,
  ticketHeader,
} from "@ashlar/shared/protocol/share";

export type Guest = {
  readonly opened: ShareOpened;
  tree(folder: SharedNode, after: string | null, signal: AbortSignal): Promise<SharedTree>;
  address(file: SharedNode, as: ContentUse): Promise<string>;
  archive(nodes: readonly SharedNode[]): Promise<string>;
};

export async function shareInfo(call: Caller, token: string, signal: AbortSignal): Promise<ShareInfo> {
  const path = `/v1/s/${encodeURIComponent(token)}`;
  return parsed(shareInfoSchema, path, await call({ method: "GET", path, signal }));
}

/** Rejects with ProblemError `wrong-share-password`, or `not-found` for a share that is over. */
export async function openShare(call: Caller, token: string, password: string | undefined): Promise<Guest> {
  const path = `/v1/s/${encodeURIComponent(token)}/open`;
  const body = jsonBody(password === undefined ? {} : { password });
  const opened = parsed(shareOpenedSchema, path, await call({ method: "POST", path, ...body }));
  const headers = { [ticketHeader]: opened.ticket };
  const post = async (to: string, what: unknown) => {
    const { headers: type, body: bytes } = jsonBody(what);
    return parsed(signedAddressSchema, to, await call({ method: "POST", path: to, headers: { ...type, ...headers }, body: bytes })).url;
  };
  return {
    opened,
    async tree(folder, after, signal) {
      const at = `/v1/s/tree/${folder.node}${after === null ? "" : `?after=${encodeURIComponent(after)}`}`;
      return parsed(sharedTreeSchema, at, await call({ method: "GET", path: at, headers, signal }));
    },
    address: (file, as) => post("/v1/s/address", { node: file.node, as }),
    archive: (nodes) => post("/v1/s/archive", { nodes: nodes.map(({ node }) => node) }),
  };
}
