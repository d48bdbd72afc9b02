/** Who a socket belongs to: said by the Worker that checked the token, in headers of a request that it made itself. */
import { type DeviceId, deviceIdSchema, type UserId, userIdSchema } from "@ashlar/shared/ids";

export type SocketIdentity = {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly shard: number;
  /** When the token runs out that it was opened with, in ms since 1970. */
  readonly expiresAt: number;
};

const names = { user: "x-ashlar-user", device: "x-ashlar-device", shard: "x-ashlar-shard", expiresAt: "x-ashlar-expires" } as const;

/** The headers of the upgrade request to the object: all of them, none of the client's. */
export function identityHeaders({ user, device, shard, expiresAt }: SocketIdentity): Headers {
  return new Headers({
    upgrade: "websocket",
    [names.user]: user,
    [names.device]: device,
    [names.shard]: String(shard),
    [names.expiresAt]: String(expiresAt),
  });
}

/** Throws on anything but {@link identityHeaders}. */
export function identityOf(headers: Headers): SocketIdentity {
  const shard = Number(headers.get(names.shard) ?? Number.NaN);
  const expiresAt = Number(headers.get(names.expiresAt) ?? Number.NaN);
  if (!Number.isInteger(shard) || !Number.isInteger(expiresAt)) throw new TypeError("the request does not say whose socket it is");
  return { user: userIdSchema.parse(headers.get(names.user)), device: deviceIdSchema.parse(headers.get(names.device)), shard, expiresAt };
}
