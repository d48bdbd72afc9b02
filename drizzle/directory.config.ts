import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "sqlite",
  driver: "d1-http",
  schema: "./packages/server/src/schema/directory.ts",
  out: "./migrations/directory",
});
