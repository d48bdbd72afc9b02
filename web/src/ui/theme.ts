/** Light, dark, or as the system is: the one thing that is kept for this browser alone. */
import { createStore } from "../platform/store.ts";

export type Theme = "system" | "light" | "dark";
const key = "ashlar-theme";

const isTheme = (text: string | null): text is Theme => text === "system" || text === "light" || text === "dark";

function stored(): Theme {
  const text = localStorage.getItem(key);
  return isTheme(text) ? text : "system";
}

export const theme = createStore<Theme>(stored());

export function applyTheme(): void {
  const wanted = theme.get();
  if (wanted === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = wanted;
}

export function chooseTheme(wanted: Theme): void {
  localStorage.setItem(key, wanted);
  theme.set(wanted);
  applyTheme();
}
