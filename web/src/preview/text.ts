/** As much text as a person reads on a screen; more would hold up the page. */
export const textBytesMax = 1_000_000;

export type TextPart = { readonly text: string; readonly isWhole: boolean };

/** The beginning of a file as text; undefined if it is none. */
export async function readText(url: string, signal: AbortSignal): Promise<TextPart | undefined> {
  const response = await fetch(url, { headers: { range: `bytes=0-${textBytesMax - 1}` }, signal, redirect: "error" });
  // An empty file has no range at all.
  if (response.status === 416) return { text: "", isWhole: true };
  if (!response.ok) throw new Error(`The file cannot be read (status ${response.status}).`);
  const bytes = new Uint8Array(await response.arrayBuffer()).subarray(0, textBytesMax);
  const whole = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? bytes.length);
  if (bytes.subarray(0, 8000).includes(0)) return undefined;
  return { text: new TextDecoder().decode(bytes), isWhole: whole <= bytes.length };
}
