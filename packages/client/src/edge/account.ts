/** Signing up, in and out, and this account's devices: what the command asks besides syncing. */
import type { DeviceId } from "@ashlar/shared/ids";
import { type Credentials, type Device, devicesSchema, type Session, sessionSchema } from "@ashlar/shared/protocol/account";
import { type Caller, jsonBody, parsed } from "./caller.ts";
import { SignedOutError } from "./errors.ts";
import type { SessionStore } from "./tokens.ts";

/** Makes the account and its first device. Rejects with ProblemError `email-taken`, among others. Save the session. */
export function signUp(call: Caller, credentials: Credentials): Promise<Session> {
  return enter(call, "/v1/account", credentials);
}

/** Makes this device one of the account. Rejects with ProblemError `wrong-credentials`, among others. Save the session. */
export function signIn(call: Caller, credentials: Credentials): Promise<Session> {
  return enter(call, "/v1/session", credentials);
}

async function enter(call: Caller, path: string, credentials: Credentials): Promise<Session> {
  return parsed(sessionSchema, path, await call({ method: "POST", path, once: true, ...jsonBody(credentials) }));
}

/** Ends this device's session at the server, then forgets it. A session that has ended already is forgotten likewise. */
export async function signOut(signedCall: Caller, sessions: SessionStore): Promise<void> {
  try {
    await signedCall({ method: "DELETE", path: "/v1/session" });
  } catch (error) {
    if (!(error instanceof SignedOutError)) throw error;
  }
  await sessions.clear();
}

export async function listDevices(signedCall: Caller): Promise<Device[]> {
  const path = "/v1/devices";
  return parsed(devicesSchema, path, await signedCall({ method: "GET", path })).devices;
}

/** Rejects with ProblemError `not-found` when there is no such device (any more). */
export async function revokeDevice(signedCall: Caller, device: DeviceId): Promise<void> {
  await signedCall({ method: "DELETE", path: `/v1/devices/${device}` });
}
