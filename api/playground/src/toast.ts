import { create } from "zustand";

/** What was just done, said for a moment. */
export const useToast = create<{ text: string }>(() => ({ text: "" }));

const SHOWN = 4_000;
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  clearTimeout(timer);
  useToast.setState({ text });
  timer = setTimeout(() => useToast.setState({ text: "" }), SHOWN);
}

/** Puts a text into the clipboard, and says so. */
export async function copy(text: string, what: string): Promise<void> {
  const isThere = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  say(isThere || copyAsOfOld(text) ? `${what} is in the clipboard.` : "The browser keeps its clipboard closed.");
}

/** Browsers keep the new clipboard from pages without TLS. */
function copyAsOfOld(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  document.body.append(field);
  field.select();
  const isThere = document.execCommand("copy");
  field.remove();
  return isThere;
}
