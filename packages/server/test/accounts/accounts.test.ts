import { type AccountPorts, signIn, signUp } from "../../src/accounts/accounts.ts";
import { checkPassword, hashPassword, passwordCost, type Scrypt } from "../../src/accounts/password.ts";
import { credentialsSchema } from "@ashlar/shared/protocol/account";
import { scryptSync } from "node:crypto";
import { expect, test } from "vitest";
import { mac, manualClock, randomBytes, sha256 } from "../support/ports.ts";
import { sqliteD1 } from "../support/sqlite-d1.ts";

/** The real function at a toy cost, and the costs it was asked for. */
function spiedScrypt(): { scrypt: Scrypt; costs: string[] } {
  const costs: string[] = [];
  const scrypt: Scrypt = async (password, salt, cost) => {
    costs.push(JSON.stringify(cost));
    return scryptSync(`${JSON.stringify(cost)}${password}`, salt, 32, { N: 2, r: 1, p: 1 });
  };
  return { scrypt, costs };
}

function setUp() {
  const { scrypt, costs } = spiedScrypt();
  const db = sqliteD1("directory");
  const ports: AccountPorts = { db, scrypt, mac, sha256, random: randomBytes, clock: manualClock() };
  return { ports, db, costs };
}

const credentials = (email: string, password = "correct horse battery") => credentialsSchema.parse({ email, password, device: "laptop" });

test("A1 signing up makes an account with a device, on a shard that stays", async () => {
  const { ports, db } = setUp();
  const grant = await signUp(ports, credentials("ada@example.com"), 4);
  expect(grant?.shard).toBeLessThan(4);
  const again = await signIn(ports, credentials("ada@example.com"));
  expect(again).toMatchObject({ user: grant?.user, shard: grant?.shard });
  expect(again?.device).not.toBe(grant?.device);
  expect(db.raw.prepare("SELECT count(*) AS n FROM devices").get()).toEqual({ n: 2 });
});

test("A2 an address in another case is the same address, and is taken", async () => {
  const { ports, db } = setUp();
  await signUp(ports, credentials("Ada@Example.com"), 4);
  expect(await signUp(ports, credentials("ada@example.COM"), 4)).toBeUndefined();
  expect(db.raw.prepare("SELECT (SELECT count(*) FROM accounts) AS a, (SELECT count(*) FROM devices) AS d").get()).toEqual({ a: 1, d: 1 });
});

test("A3 an unknown address costs the same work as a wrong password, and gets the same answer", async () => {
  const { ports, costs } = setUp();
  await signUp(ports, credentials("ada@example.com"), 4);
  costs.length = 0;
  expect(await signIn(ports, credentials("ada@example.com", "wrong password"))).toBeUndefined();
  const wrong = costs.splice(0);
  expect(await signIn(ports, credentials("nobody@example.com", "wrong password"))).toBeUndefined();
  expect(costs).toEqual(wrong);
});

test("A4 a password is stored as scrypt at today's cost, with its parameters and a salt of its own", async () => {
  const { ports, db } = setUp();
  await signUp(ports, credentials("ada@example.com"), 4);
  await signUp(ports, credentials("eve@example.com"), 4);
  const hashes = db.raw
    .prepare("SELECT password_hash FROM accounts")
    .all()
    .map((row) => String(row["password_hash"]));
  for (const hash of hashes) expect(hash).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[\w-]{22}\$[\w-]{43}$/);
  expect(new Set(hashes).size).toBe(2);
  expect(2 ** passwordCost.ln * passwordCost.r * passwordCost.p).toBeLessThanOrEqual(2 ** 20);
});

test("A5 a hash of an older cost still opens, and is replaced at that sign-in", async () => {
  const { ports, db } = setUp();
  await signUp(ports, credentials("ada@example.com"), 4);
  const older = { ...ports, scrypt: ports.scrypt };
  const salt = randomBytes(16);
  const key = await older.scrypt("correct horse battery", salt, { ln: 12, r: 8, p: 1 });
  const old = `$scrypt$ln=12,r=8,p=1$${Buffer.from(salt).toString("base64url")}$${Buffer.from(key).toString("base64url")}`;
  db.raw.prepare("UPDATE accounts SET password_hash = ?").run(old);
  expect(await signIn(ports, credentials("ada@example.com", "another password"))).toBeUndefined();
  expect(db.raw.prepare("SELECT password_hash AS h FROM accounts").get()).toEqual({ h: old });
  expect(await signIn(ports, credentials("ada@example.com"))).toBeDefined();
  expect(String(db.raw.prepare("SELECT password_hash AS h FROM accounts").get()?.["h"])).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
  expect(await signIn(ports, credentials("ada@example.com"))).toBeDefined();
});

test("A4 a password is the same however its characters are composed", async () => {
  const { ports } = setUp();
  const stored = await hashPassword(ports, "pa\u0308ssword");
  expect(await checkPassword(ports.scrypt, "p\u00e4ssword", stored)).toEqual({ right: true, outdated: false });
  expect(await checkPassword(ports.scrypt, "passwords", stored)).toEqual({ right: false, outdated: false });
});
