import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/language.tsx";
import { loadTools } from "../trust/load-tools.ts";
import { CodeText } from "../ui/code-text.tsx";
import { saveFile } from "../ui/save-file.ts";
import type { ReceiptFacts } from "./describe-receipt.ts";
import { ReceiptCheck } from "./receipt-check.tsx";

/** What a receipt says, the way to save it, and its check. */
export function ReceiptCard({ text: receipt }: { readonly text: string }): JSX.Element {
  const { text, number } = useWords();
  const facts = useReceiptFacts(receipt);
  if (facts === undefined) return <div class="well receipt" />;
  return (
    <div class="well receipt">
      <h2>{text("receipt.title")}</h2>
      <p>{text("receipt.number", { number: number(facts.number), size: number(facts.size) })}</p>
      <h3>{text("ballot.code")}</h3>
      <CodeText hex={facts.code} />
      <p class="quiet">{text("receipt.hint")}</p>
      <ReceiptCheck receipt={receipt}>
        <button
          type="button"
          class="pill small outlined"
          onClick={() => saveFile("receipt.json", receipt)}
        >
          {text("receipt.save")}
        </button>
      </ReceiptCheck>
    </div>
  );
}

/** Reads a receipt with the page's tools; undefined until then. */
export function useReceiptFacts(receipt: string): ReceiptFacts | undefined {
  const [facts, setFacts] = useState<ReceiptFacts>();
  useEffect(() => {
    let wanted = true;
    void loadTools().then(({ describeReceipt }) => {
      if (wanted) setFacts(describeReceipt(receipt));
    });
    return () => {
      wanted = false;
    };
  }, [receipt]);
  return facts;
}
