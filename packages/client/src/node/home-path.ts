import { isAbsolute, join, resolve } from "node:path";

export type HomeSurroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The user's home directory. */
  readonly userHome: string;
  readonly cwd: string;
};

/**
 * Where this client keeps its state: `ASHLAR_HOME`, else the place that the platform has for such things. An XDG path that
 * is not absolute is to be ignored (XDG Base Directory Specification 0.8).
 */
export function homePath({ env, platform, userHome, cwd }: HomeSurroundings): string {
  const own = env["ASHLAR_HOME"];
  if (own) return resolve(cwd, own);
  if (platform === "win32") return join(env["LOCALAPPDATA"] || join(userHome, "AppData", "Local"), "Ashlar");
  if (platform === "darwin") return join(userHome, "Library", "Application Support", "Ashlar");
  const xdg = env["XDG_STATE_HOME"];
  return join(xdg && isAbsolute(xdg) ? xdg : join(userHome, ".local", "state"), "ashlar");
}
