import type { JSX } from "preact";

/** Hex digits in groups of four, so that people can compare them; copied without the gaps. */
export function CodeText({ hex }: { readonly hex: string }): JSX.Element {
  const groups = hex.match(/.{1,4}/g) ?? [];
  return (
    <code class="groups" aria-label={hex}>
      {groups.map((group, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: groups have no other identity and never move
        <span key={index}>{group}</span>
      ))}
    </code>
  );
}
