import type { ComponentChildren, JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import type { TextKey } from "../i18n/messages.ts";

/** One fact: its name, and what it is. */
export type Fact = readonly [name: TextKey, value: ComponentChildren];

/** Facts as a list of definitions; undefined ones are said to be not told. */
export function FactList({ facts }: { readonly facts: readonly Fact[] }): JSX.Element {
  const { text } = useWords();
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{text(name)}</dt>
          <dd>{value ?? <span class="quiet">{text("fact.unknown")}</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A digest or name in a fixed-width face. */
export function hex(value: string | undefined): JSX.Element | undefined {
  return value === undefined || value === "" ? undefined : <code class="hex">{value}</code>;
}

/** Facts behind a disclosure. */
export function Details({
  title,
  children,
}: {
  readonly title?: TextKey;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { text } = useWords();
  return (
    <details>
      <summary>{text(title ?? "verify.details")}</summary>
      <div class="details-body">{children}</div>
    </details>
  );
}
