import { sideName } from "../side-names.ts";

/** `name (restored DATE).ext`, from the second on with a number: for what comes back where something else stands by now. */
export function restoredName(name: string, date: string, number: number): string {
  return sideName(name, `restored ${date}${number > 1 ? ` ${number}` : ""}`);
}
