import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useWords } from "../i18n/language.tsx";

/** Shares the address of the poll: by the device's own sheet, else the clipboard. Tells nobody what was chosen, or who shared. */
export function ShareButton(): JSX.Element {
  const { text } = useWords();
  const [copied, setCopied] = useState(false);
  const share = async (): Promise<void> => {
    const url = `${location.origin}/`;
    try {
      if (typeof navigator.share === "function") {
        await navigator.share({ title: text("app.title"), text: text("thanks.share.text"), url });
        return;
      }
      await navigator.clipboard.writeText(url);
      setCopied(true);
    } catch {
      // The voter closed the sheet, or the browser allows neither.
    }
  };
  return (
    <button type="button" class="link-button" aria-live="polite" onClick={() => void share()}>
      {text(copied ? "thanks.shared" : "thanks.share")}
    </button>
  );
}
