import { readChanges } from "@ashlar/server/namespace/journal";
import { changesPageMax, socketMessageBytesMax } from "@ashlar/shared/limits";
import { type DeviceMessage, deviceMessageSchema, type Hello, type ServerMessage } from "@ashlar/shared/protocol/change";
import { metaShardOf, type UserSyncEnv } from "./env.ts";
import type { SocketIdentity } from "./socket-identity.ts";

/** A device's message, or undefined if it is none: too long, binary, not JSON, or not as the protocol has it. */
export function parseDeviceMessage(message: string | ArrayBuffer): DeviceMessage | undefined {
  // A character is a byte at least, so this bounds the bytes that get parsed.
  if (typeof message !== "string" || message.length > socketMessageBytesMax) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return undefined;
  }
  const result = deviceMessageSchema.safeParse(value);
  return result.success ? result.data : undefined;
}

/** The answer to hello: the oldest page that the device misses, or that it must reconcile. */
export async function greet(env: UserSyncEnv, { user, shard }: SocketIdentity, { epoch, cursor, op }: Hello): Promise<ServerMessage> {
  const answer = await readChanges(metaShardOf(env, shard), { user, since: cursor, epoch, op, limit: changesPageMax, now: Date.now() });
  if (answer.kind === "page") return { type: "welcome", epoch: answer.epoch, head: answer.head, changes: answer.changes };
  return { type: "reconcile", code: answer.kind, epoch: answer.epoch, head: answer.head };
}
