/**
 * Passwords at rest: scrypt (RFC 7914), as one string with its parameters in the PHC format, `$scrypt$ln=14,r=8,p=5$salt$hash`.
 *
 * The cost is the one of OWASP's equivalent choices that fits a Worker: N*r*p at most 2^20 (a platform's cap), and 16 MiB of
 * memory, so that several sign-ins at once fit one isolate.
 */
import { fromBase64Url, toBase64Url } from "@ashlar/shared/encoding";
import type { RandomBytes } from "../ports.ts";

/** `N` is 2 to the `ln`. */
export type ScryptCost = { readonly ln: number; readonly r: number; readonly p: number };
/** The derived key of 32 bytes. */
export type Scrypt = (password: string, salt: Uint8Array, cost: ScryptCost) => Promise<Uint8Array>;

export const passwordCost: ScryptCost = { ln: 14, r: 8, p: 5 };

const saltBytes = 16;
const format = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/;

export async function hashPassword({ scrypt, random }: { scrypt: Scrypt; random: RandomBytes }, password: string): Promise<string> {
  const salt = random(saltBytes);
  const key = await scrypt(normalize(password), salt, passwordCost);
  const { ln, r, p } = passwordCost;
  return `$scrypt$ln=${ln},r=${r},p=${p}$${toBase64Url(salt)}$${toBase64Url(key)}`;
}

/**
 * Whether it is the password, and whether its hash should be made anew at today's cost.
 * Without a stored hash the answer is no after the same work, so that the time does not tell whether an account exists.
 */
export async function checkPassword(
  scrypt: Scrypt,
  password: string,
  stored: string | undefined,
): Promise<{ right: boolean; outdated: boolean }> {
  const { cost, salt, key } = stored === undefined ? nobody : parse(stored);
  const found = await scrypt(normalize(password), salt, cost);
  const right = equalBytes(found, key) && stored !== undefined;
  const outdated = cost.ln !== passwordCost.ln || cost.r !== passwordCost.r || cost.p !== passwordCost.p;
  return { right, outdated };
}

/** The same password typed on another keyboard may arrive as other code points. */
function normalize(password: string): string {
  return password.normalize("NFC");
}

type Stored = { readonly cost: ScryptCost; readonly salt: Uint8Array; readonly key: Uint8Array };

const nobody: Stored = { cost: passwordCost, salt: new Uint8Array(saltBytes), key: new Uint8Array(32) };

function parse(stored: string): Stored {
  const [, ln, r, p, salt, key] = format.exec(stored) ?? [];
  if (salt === undefined || key === undefined) throw new TypeError("the stored password hash is damaged");
  return { cost: { ln: Number(ln), r: Number(r), p: Number(p) }, salt: fromBase64Url(salt), key: fromBase64Url(key) };
}

/** In a time that depends on the length alone. */
function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}
