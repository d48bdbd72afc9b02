import type { SessionStore } from "@ashlar/client/edge/tokens";
import { deviceIdSchema, userIdSchema } from "@ashlar/shared/ids";
import type { Session } from "@ashlar/shared/protocol/account";

/** The n-th session of one device; its tokens are named by n. */
export function sessionAt(generation: number, accessExpiresAt: number): Session {
  return {
    user: userIdSchema.parse("u".repeat(22)),
    device: deviceIdSchema.parse("d".repeat(22)),
    accessToken: `access-${generation}`,
    accessExpiresAt,
    refreshToken: `refresh-token-number-${generation}`,
  };
}

export function memorySessions(first?: Session): SessionStore & { stored: Session | undefined } {
  return {
    stored: first,
    async load() {
      return this.stored;
    },
    async save(session) {
      this.stored = session;
    },
    async clear() {
      this.stored = undefined;
    },
  };
}
