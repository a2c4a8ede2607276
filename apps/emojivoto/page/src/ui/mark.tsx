import type { JSX } from "preact";

const SIGNS = { ok: "✓", warning: "!", failed: "✕" } as const;

/** A sign for a finding; colour alone says nothing to many people. */
export function Mark({ verdict }: { readonly verdict: keyof typeof SIGNS }): JSX.Element {
  return (
    <span class={`mark ${verdict}`} aria-hidden="true">
      {SIGNS[verdict]}
    </span>
  );
}
