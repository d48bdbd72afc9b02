import { newId, type NodeId, type OpId } from "@ashlar/shared/ids";

export const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
export const newNodeId = (): NodeId => newId<NodeId>(randomBytes);
export const newOpId = (): OpId => newId<OpId>(randomBytes);
