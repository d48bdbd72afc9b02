import { createContext, use } from "react";
import type { Library } from "../library/library.ts";
import type { Connection } from "../session/connection.ts";
import type { Transfers } from "../transfer/transfers.ts";

type App = { readonly connection: Connection; readonly library: Library; readonly transfers: Transfers };

export const AppContext = createContext<App | undefined>(undefined);

/** What the pages of an account work with. */
export function useApp(): App {
  const app = use(AppContext);
  if (app === undefined) throw new Error("a page of an account outside of its shell");
  return app;
}
