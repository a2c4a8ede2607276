import { printable } from "../printable.ts";

/** Sentences for people, a line each; names in them are a manifest's and end on a terminal. */
export function sentences(entries: readonly { readonly sentence: string }[]): string {
  return entries.map(({ sentence }) => printable(sentence)).join("\n");
}

/** What a comparison has found, for people. */
export function changeText(changes: readonly { readonly sentence: string }[]): string {
  return changes.length === 0 ? "No differences" : sentences(changes);
}
