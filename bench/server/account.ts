/** Accounts at a local edge whose key is known: tokens for as many devices as are needed, without signing each in. */
import { createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DeviceId, newId } from "@ashlar/shared/ids";
import { accessTokenMs } from "@ashlar/shared/limits";
import { sessionSchema } from "@ashlar/shared/protocol/account";

export type Account = {
  readonly user: string;
  readonly token: string;
  /** Of a device that the directory has never heard of; a request looks nobody up. */
  anotherDevice(): string;
};

export async function signUp(url: string, state: string, name: string): Promise<Account> {
  const answer = await fetch(`${url}/v1/account`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: `${name}@example.org`, password: "correct horse battery", device: "bench" }),
  });
  if (!answer.ok) throw new Error(`signing up was answered ${answer.status}: ${await answer.text()}`);
  const { user, accessToken } = sessionSchema.parse(await answer.json());
  const key = await readFile(join(state, "secrets", "TOKEN_KEY"), "utf8");
  const [head = "", body = ""] = accessToken.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
  return {
    user,
    token: accessToken,
    anotherDevice() {
      const exp = Math.floor((Date.now() + accessTokenMs) / 1000);
      const own = { ...claims, dev: newId<DeviceId>(randomBytes), exp };
      const text = `${head}.${Buffer.from(JSON.stringify(own)).toString("base64url")}`;
      return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
    },
  };
}
