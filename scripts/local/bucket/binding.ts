/** How a Worker's configuration asks Miniflare for our bucket. */
import { join } from "node:path";

export const bindingType = "unsafe:whole-objects";
export const pluginName = "whole-objects";

/** @param code the bundle of `worker/`. */
export function bucketBinding(bucket: string, code: string) {
  const plugin = { package: join(import.meta.dirname, "plugin.ts"), name: pluginName };
  return { type: bindingType, dev: { plugin, options: { bucket, code } } } as const;
}
