/** The two Workers of the repository: where their configuration is, and where their bundles go. */
import { join } from "node:path";
import { readWranglerConfig, type WorkerConfig } from "./wrangler-config.ts";

export const workerNames = ["api", "gc"] as const;
export type WorkerName = (typeof workerNames)[number];

const configFiles: Record<WorkerName, string> = { api: "wrangler.toml", gc: "workers/gc-cron/wrangler.toml" };

export function configFileOf(root: string, worker: WorkerName): string {
  return join(root, configFiles[worker]);
}

export function bundleFileOf(root: string, worker: WorkerName): string {
  return join(root, "dist", worker, "index.js");
}

export function readWorkers(root: string): Record<WorkerName, WorkerConfig> {
  return { api: readWranglerConfig(configFileOf(root, "api")), gc: readWranglerConfig(configFileOf(root, "gc")) };
}
