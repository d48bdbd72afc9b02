/** A browser with one page of the server open: it keeps cookies, and says where its requests come from. */
import { randomBytes } from "@ashlar/durable-objects/crypto";
import { newId, type UserId } from "@ashlar/shared/ids";
import { type BrowserSession, browserSessionSchema } from "@ashlar/shared/protocol/account";
import { expect } from "vitest";
import { send } from "./support.ts";

export const password = "correct horse battery";
export const newEmail = (): string => `${newId<UserId>(randomBytes).toLowerCase()}@example.com`;

type Options = NonNullable<Parameters<typeof send>[2]>;

export type Browser = {
  send(method: string, path: string, options?: Options): Promise<Response>;
  /** By name, as they would be sent. */
  cookies(): Map<string, string>;
  /** As it was last set. */
  readonly lastCookie: string | undefined;
  /** Another tab, or whoever has copied what this one has now. */
  clone(): Browser;
};

export function browser(origin = "http://ashlar.test", had: ReadonlyMap<string, string> = new Map()): Browser {
  const cookies = new Map(had);
  let lastCookie: string | undefined;
  return {
    async send(method, path, options = {}) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { ...(method !== "GET" && { origin }), ...(cookie !== "" && { cookie }), ...options.headers };
      const response = await send(method, path, { ...options, headers });
      const set = response.headers.get("set-cookie");
      if (set !== null) {
        lastCookie = set;
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    },
    cookies: () => cookies,
    get lastCookie() {
      return lastCookie;
    },
    clone: () => browser(origin, cookies),
  };
}

export async function signUpBrowser(page = browser()): Promise<{ page: Browser; session: BrowserSession; email: string }> {
  const email = newEmail();
  const response = await page.send("POST", "/v1/account", { json: { email, password, device: "Firefox", keep: "cookie" } });
  expect(response.status).toBe(201);
  return { page, session: browserSessionSchema.parse(await response.json()), email };
}
