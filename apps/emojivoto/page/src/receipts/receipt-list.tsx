import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useWords } from "../i18n/language.tsx";
import { CodeText } from "../ui/code-text.tsx";
import { FileField } from "../ui/file-field.tsx";
import { saveFile } from "../ui/save-file.ts";
import { useReceiptFacts } from "./receipt-card.tsx";
import { ReceiptCheck } from "./receipt-check.tsx";
import { dropReceipt, type KeptReceipt, loadReceipts } from "./receipt-store.ts";

/** The receipts of this browser and of files, each with its check. */
export function ReceiptList(): JSX.Element {
  const { text } = useWords();
  const [kept, setKept] = useState(loadReceipts);
  const [opened, setOpened] = useState<readonly KeptReceipt[]>([]);
  const remove = (receipt: KeptReceipt): void => {
    dropReceipt(receipt.text);
    setKept(loadReceipts());
    setOpened(opened.filter((each) => each !== receipt));
  };
  const open = (content: string): void => {
    setOpened([{ text: content, at: "" }, ...opened]);
  };
  const all = [...opened, ...kept];
  return (
    <>
      {all.length === 0 && <p class="quiet">{text("receipt.none")}</p>}
      <ul class="receipts">
        {all.map((receipt) => (
          <li key={`${receipt.at}${receipt.text}`}>
            <Entry receipt={receipt} onRemove={() => remove(receipt)} />
          </li>
        ))}
      </ul>
      <FileField label={text("receipt.open")} onFile={(_, content) => open(content)} />
    </>
  );
}

function Entry({
  receipt,
  onRemove,
}: {
  readonly receipt: KeptReceipt;
  readonly onRemove: () => void;
}): JSX.Element {
  const { text, time, number } = useWords();
  const facts = useReceiptFacts(receipt.text);
  return (
    <article class="well receipt">
      <h3>
        {facts !== undefined &&
          text("receipt.number", { number: number(facts.number), size: number(facts.size) })}
      </h3>
      {receipt.at !== "" && (
        <p class="quiet">{text("receipt.saved.at", { time: time(new Date(receipt.at)) })}</p>
      )}
      {facts !== undefined && <CodeText hex={facts.code} />}
      <ReceiptCheck receipt={receipt.text}>
        <button
          type="button"
          class="pill small outlined"
          onClick={() => saveFile("receipt.json", receipt.text)}
        >
          {text("receipt.save")}
        </button>
        <button
          type="button"
          class="link-button"
          aria-label={text("receipt.remove.label", { number: facts?.number ?? "?" })}
          onClick={onRemove}
        >
          {text("receipt.remove")}
        </button>
      </ReceiptCheck>
    </article>
  );
}
