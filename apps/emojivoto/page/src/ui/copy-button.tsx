import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useWords } from "../i18n/language.tsx";

/** Copies `value`, and says so. */
export function CopyButton({ value }: { readonly value: string }): JSX.Element {
  const { text } = useWords();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      // Not allowed here: the text can be selected by hand.
    }
  };
  return (
    <button type="button" class="small-button" aria-live="polite" onClick={() => void copy()}>
      {text(copied ? "audit.copied" : "audit.copy")}
    </button>
  );
}
