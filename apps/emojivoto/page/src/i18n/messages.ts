import type { en } from "./en.ts";

/** Names one text of the page. */
export type TextKey = keyof typeof en;

/** All texts of the page in one language. */
export type Messages = Readonly<Record<TextKey, string>>;

/** What is put in the place of `{name}`. */
export type Values = Readonly<Record<string, string | number>>;

/** `text` with its `{name}` filled in; unknown names stay. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
