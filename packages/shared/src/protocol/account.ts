/** Accounts, sessions and devices: `/v1/account`, `/v1/session`, `/v1/devices`. */
import * as z from "zod/mini";
import { deviceIdSchema, userIdSchema } from "../ids.ts";
import { deviceNameCharsMax, emailCharsMax, passwordCharsMax, passwordCharsMin } from "../limits.ts";

const email = z.string().check(z.trim(), z.toLowerCase(), z.maxLength(emailCharsMax), z.email());
const password = z.string().check(z.minLength(passwordCharsMin), z.maxLength(passwordCharsMax));
const deviceName = z.string().check(z.trim(), z.minLength(1), z.maxLength(deviceNameCharsMax));

/** `POST /v1/account` signs up, `POST /v1/session` signs in; both make a device and answer {@link sessionSchema}. */
export const credentialsSchema = z.strictObject({ email, password, device: deviceName });
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

export const refreshSchema = z.strictObject({ refreshToken: z.string().check(z.minLength(20), z.maxLength(200)) });

export const deviceSchema = z.object({
  id: deviceIdSchema,
  name: z.string(),
  createdAt: z.int(),
  lastSeenAt: z.int(),
  /** True for the device that asks. */
  current: z.boolean(),
});
export type Device = z.infer<typeof deviceSchema>;

/** `GET /v1/devices`: those that are signed in. `DELETE /v1/devices/:id` revokes one. `DELETE /v1/session` signs out. */
export const devicesSchema = z.object({ devices: z.array(deviceSchema) });
