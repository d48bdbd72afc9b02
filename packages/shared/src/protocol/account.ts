/** Accounts, sessions and devices: `/v1/account`, `/v1/session`, `/v1/password`, `/v1/devices`. */
import * as z from "zod/mini";
import { deviceIdSchema, userIdSchema } from "../ids.ts";
import { deviceNameCharsMax, emailCharsMax, passwordCharsMax, passwordCharsMin } from "../limits.ts";

export const emailSchema = z.string().check(z.trim(), z.toLowerCase(), z.maxLength(emailCharsMax), z.email());
const password = z.string().check(z.minLength(passwordCharsMin), z.maxLength(passwordCharsMax));
export const deviceNameSchema = z.string().check(z.trim(), z.minLength(1), z.maxLength(deviceNameCharsMax));

/**
 * `POST /v1/account` signs up, `POST /v1/session` signs in; both make a device and answer {@link sessionSchema}. A browser asks to
 * have the refresh token kept in a cookie that no script can read, and gets {@link browserSessionSchema}.
 */
export const credentialsSchema = z.strictObject({
  email: emailSchema,
  password,
  device: deviceNameSchema,
  keep: z.optional(z.literal("cookie")),
});
export type Credentials = z.infer<typeof credentialsSchema>;

export const sessionSchema = z.object({
  user: userIdSchema,
  device: deviceIdSchema,
  /** JWT, for `Authorization: Bearer`. */
  accessToken: z.string(),
  accessExpiresAt: z.int(),
  /** Opaque; good for one `POST /v1/session/refresh`, which answers the next. */
  refreshToken: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

export const browserSessionSchema = z.omit(sessionSchema, { refreshToken: true });
export type BrowserSession = z.infer<typeof browserSessionSchema>;

/** `POST /v1/session/refresh` answers the next session: of the token in the body, or, without one, of the cookie. */
export const refreshSchema = z.strictObject({ refreshToken: z.optional(z.string().check(z.minLength(20), z.maxLength(200))) });

/** `POST /v1/password`, answered 204. The same request again is answered alike. */
export const passwordChangeSchema = z.strictObject({
  current: password,
  next: password,
  /** Signs out all devices but the one that asks. */
  signOutOthers: z.optional(z.boolean()),
});

/** `GET /v1/account`. Bytes as in `GET /v1/usage`, which has more of them. */
export const accountSchema = z.object({
  user: userIdSchema,
  email: z.string(),
  createdAt: z.int(),
  quotaBytes: z.int(),
  usedBytes: z.int(),
});
export type AccountFacts = z.infer<typeof accountSchema>;

export const deviceSchema = z.object({
  id: deviceIdSchema,
  name: z.string(),
  /** A browser keeps its session in a cookie. */
  kind: z.enum(["browser", "command"]),
  createdAt: z.int(),
  /** Its last sign-in or renewal of a token: at most 15 minutes before its last request. */
  lastSeenAt: z.int(),
  /** True for the device that asks. */
  current: z.boolean(),
});
export type Device = z.infer<typeof deviceSchema>;

/** `GET /v1/devices`: those that are signed in. `DELETE /v1/devices/:id` revokes one. `DELETE /v1/session` signs out. */
export const devicesSchema = z.object({ devices: z.array(deviceSchema) });
