import { sayFault } from "./toasts.tsx";

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** Work that a click begins: a person is told when it fails. */
export function run(work: () => Promise<unknown>): void {
  work().catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === "AbortError")) sayFault(messageOf(error));
  });
}
