/** `GET /v1/insights`: the account's numbers with all that pictures of them need: names of devices, and how quick the push is. */
import * as z from "zod/mini";
import { deviceIdSchema } from "../ids.ts";
import { usageSchema } from "./usage.ts";

/** Upper ends of the classes of {@link insightsSchema}'s counts, in ms; the last class has none. */
export const pushBoundsMs = [25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600] as const;

export const insightsSchema = z.object({
  usage: usageSchema,
  /** Those that the usage tells of; null for one that is forgotten. */
  devices: z.array(z.object({ device: deviceIdSchema, name: z.nullable(z.string()) })),
  push: z.object({
    boundsMs: z.array(z.int()),
    /**
     * Of the last 30 days, the oldest first, days of UTC: how many times the way from a commit's acknowledgement to another device's
     * word that it has applied it took so long. Days without any are left out.
     */
    days: z.array(z.object({ day: z.string(), counts: z.array(z.int()) })),
  }),
});
export type Insights = z.infer<typeof insightsSchema>;
