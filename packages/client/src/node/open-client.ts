import type { Engine, EngineEvent } from "../engine/types.ts";
import type { Account, Home, RegisteredFolder } from "./home.ts";

export type Client = Engine & AsyncDisposable;

export type ClientOptions = {
  readonly home: Home;
  readonly folder: RegisteredFolder;
  readonly account: Account;
  readonly allowMassDelete: boolean;
  onEvent(event: EngineEvent): void;
};

export function openClient(options: ClientOptions): Client {
  throw new Error(String(options));
}
