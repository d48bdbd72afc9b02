/** The ports of the accounts' logic, from the Worker's platform. */
import { hmacSha256, randomBytes, sha256 } from "@ashlar/durable-objects/crypto";
import type { AccountPorts } from "@ashlar/server/accounts/accounts";
import type { Scrypt } from "@ashlar/server/accounts/password";
import { scrypt as nodeScrypt } from "node:crypto";
import type { Env } from "../env.ts";

const keyBytes = 32;

const scrypt: Scrypt = (password, salt, { ln, r, p }) => {
  const N = 2 ** ln;
  // scrypt needs 128 * r * (N + p) bytes and a little; Node refuses above maxmem.
  const maxmem = 128 * r * (N + p) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    nodeScrypt(password, salt, keyBytes, { N, r, p, maxmem }, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
};

export function accountPorts(env: Env): AccountPorts {
  return {
    db: env.DIRECTORY,
    mac: (message) => hmacSha256(env.TOKEN_KEY, message),
    sha256,
    random: randomBytes,
    clock: { now: Date.now },
    scrypt,
  };
}
