/**
 * Signing a command in through a browser (RFC 8628): the command asks for a code and shows it, a signed-in person approves it, and
 * the command gets a session.
 */
import * as z from "zod/mini";
import { userCodeChars } from "../limits.ts";
import { deviceNameSchema, sessionSchema } from "./account.ts";

/** Without vowels, so that no code is a word, and without look-alikes (RFC 8628 section 6.1). */
export const userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ";

/** As people type it: in any case, with hyphen and spaces or without. Inside it has neither. */
export const userCodeSchema = z.pipe(
  z.pipe(
    z.string().check(z.maxLength(4 * userCodeChars)),
    z.transform((text: string) => text.toUpperCase().replaceAll(/[\s-]/g, "")),
  ),
  z
    .string()
    .check(z.regex(new RegExp(`^[${userCodeAlphabet}]{${userCodeChars}}$`)))
    .brand<"UserCode">(),
);
export type UserCode = z.infer<typeof userCodeSchema>;

/** `WDJB-MJHT`, as it is shown. */
export const shownUserCode = (code: UserCode): string => `${code.slice(0, userCodeChars / 2)}-${code.slice(userCodeChars / 2)}`;

/** `POST /v1/device-codes`, without a session. */
export const deviceCodeRequestSchema = z.strictObject({ device: deviceNameSchema });
export const deviceCodeSchema = z.object({
  /** The command's secret. */
  deviceCode: z.string(),
  /** As it is shown. */
  userCode: z.string(),
  /** The page that asks the person, with the code in its query. */
  verifyUrl: z.string(),
  expiresAt: z.int(),
  intervalMs: z.int(),
});
export type DeviceCode = z.infer<typeof deviceCodeSchema>;

/** `POST /v1/device-codes/token`: the session, or one of `authorization-pending`, `slow-down`, `access-denied`, `code-expired`. */
export const deviceTokenRequestSchema = z.strictObject({ deviceCode: z.string().check(z.minLength(20), z.maxLength(200)) });
export const deviceTokenSchema = z.extend(sessionSchema, { email: z.string() });
export type DeviceToken = z.infer<typeof deviceTokenSchema>;

/** `GET /v1/device-codes/:userCode`, signed in: what asks to be let in. */
export const deviceCodeFactsSchema = z.object({
  device: z.string(),
  createdAt: z.int(),
  expiresAt: z.int(),
  /** Whether the command and the browser reach the edge from the same network address; null if that is not known. */
  sameNetwork: z.nullable(z.boolean()),
});
export type DeviceCodeFacts = z.infer<typeof deviceCodeFactsSchema>;

/** `POST /v1/device-codes/:userCode`, from a signed-in browser, with its cookie. Answered 204; the first answer counts. */
export const deviceCodeAnswerSchema = z.strictObject({ answer: z.enum(["approve", "deny"]) });
