/** Signing up, in and out, and this account's devices: what the command asks besides syncing. */
import type { DeviceId } from "@ashlar/shared/ids";
import { type Credentials, type Device, devicesSchema, type Session, sessionSchema } from "@ashlar/shared/protocol/account";
import { deviceCodePollMs } from "@ashlar/shared/limits";
import { type DeviceCode, deviceCodeSchema, type DeviceToken, deviceTokenSchema } from "@ashlar/shared/protocol/device-code";
import { type Clock, UnreachableError } from "../ports.ts";
import { type Caller, jsonBody, parsed } from "./caller.ts";
import { SignedOutError } from "./errors.ts";
import { problemCode } from "./refusals.ts";
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

/** Asks for a code that a person approves in a browser. */
export async function askForCode(call: Caller, device: string): Promise<DeviceCode> {
  const path = "/v1/device-codes";
  return parsed(deviceCodeSchema, path, await call({ method: "POST", path, ...jsonBody({ device }) }));
}

/**
 * Waits for the answer to a code. Rejects with ProblemError `access-denied` or `code-expired`, with UnreachableError when the server
 * does not answer for as long as the code is good, or with the signal's reason.
 */
export async function awaitCode(
  call: Caller,
  { deviceCode, expiresAt, intervalMs }: DeviceCode,
  clock: Clock,
  signal?: AbortSignal,
): Promise<DeviceToken> {
  const path = "/v1/device-codes/token";
  let waitMs = intervalMs;
  for (;;) {
    await clock.sleep(waitMs, signal);
    try {
      return parsed(deviceTokenSchema, path, await call({ method: "POST", path, signal, ...jsonBody({ deviceCode }) }));
    } catch (error) {
      if (problemCode(error) === "slow-down") waitMs += deviceCodePollMs;
      else if (error instanceof UnreachableError ? clock.now() >= expiresAt : problemCode(error) !== "authorization-pending") throw error;
    }
  }
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
