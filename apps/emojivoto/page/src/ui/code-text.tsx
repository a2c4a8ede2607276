import type { JSX } from "preact";

/** Hex digits in groups of four, so that people can compare them. */
export function CodeText({ hex }: { readonly hex: string }): JSX.Element {
  return <code class="groups">{(hex.match(/.{1,4}/g) ?? []).join(" ")}</code>;
}
