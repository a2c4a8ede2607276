import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { choiceEmoji } from "../gen/choices.ts";
import { useWords } from "../i18n/language.tsx";
import { checkVoterReceipt } from "../receipts/check-voter-receipt.ts";
import { describeReceipt } from "../receipts/describe-receipt.ts";
import type { ReceiptFinding } from "../receipts/receipt-finding.ts";
import { ReceiptFindings } from "../receipts/receipt-findings.tsx";
import type { VerifiedEvidence } from "../trust/verify-evidence.ts";
import { CodeText } from "../ui/code-text.tsx";
import { Mark } from "../ui/mark.tsx";
import { logSourceOf } from "./log-source.ts";
import type { ReadDocument } from "./read-document.ts";

/** Evidence, and the origin that it was fetched from; undefined for a file. */
export interface FoundEvidence {
  readonly evidence: VerifiedEvidence;
  readonly origin: string | undefined;
}

/** Receipts and openings that were given, each with its check. */
export function OpenedDocuments({
  documents,
  found,
}: {
  readonly documents: readonly ReadDocument[];
  readonly found: FoundEvidence | undefined;
}): JSX.Element | null {
  if (documents.length === 0) return null;
  return (
    <section class="card">
      {documents.map((document, index) => (
        <Opened key={`${index} ${document.kind}`} document={document} found={found} />
      ))}
    </section>
  );
}

function Opened({
  document,
  found,
}: {
  readonly document: ReadDocument;
  readonly found: FoundEvidence | undefined;
}): JSX.Element | null {
  const { text } = useWords();
  switch (document.kind) {
    case "receipt":
      return <Receipt receipt={document.text} found={found} />;
    case "opening":
      return <Opening opening={document} />;
    case "unreadable":
      return <p class="notice bad">{text("standalone.unreadable", { name: document.name })}</p>;
    case "evidence":
      return null;
  }
}

function Receipt({
  receipt,
  found,
}: {
  readonly receipt: string;
  readonly found: FoundEvidence | undefined;
}): JSX.Element {
  const { text, number } = useWords();
  const [findings, setFindings] = useState<readonly ReceiptFinding[]>();
  useEffect(() => {
    const { evidence, origin } = found ?? {};
    const logKey = evidence?.report.facts.logKey;
    const source = logSourceOf(origin, evidence?.bundle ?? "");
    void checkVoterReceipt(receipt, logKey, source).then(setFindings);
  }, [receipt, found]);
  const facts = describeReceipt(receipt);
  return (
    <article class="well receipt">
      <h2>
        {facts !== undefined &&
          text("receipt.number", { number: number(facts.number), size: number(facts.size) })}
      </h2>
      {facts !== undefined && <CodeText hex={facts.code} />}
      {findings !== undefined && <ReceiptFindings findings={findings} />}
    </article>
  );
}

function Opening({
  opening,
}: {
  readonly opening: Extract<ReadDocument, { readonly kind: "opening" }>;
}): JSX.Element {
  const { text } = useWords();
  const { choice, isGenuine } = opening;
  return (
    <article class="well receipt">
      <p>
        <Mark verdict={isGenuine ? "ok" : "failed"} />{" "}
        {text(isGenuine ? "standalone.opening.good" : "standalone.opening.bad")}
      </p>
      {isGenuine && (
        <p class="opened">
          <span class="glyph">{choiceEmoji[choice] ?? ""}</span>{" "}
          {text("standalone.choice", { number: choice })}
        </p>
      )}
    </article>
  );
}
