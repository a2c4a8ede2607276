import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { asApiError } from "../api/api-error.ts";
import { createBallotRoutes } from "../api/ballot-routes.ts";
import { useWords } from "../i18n/language.tsx";
import { loadTools } from "../trust/load-tools.ts";
import { useTrust } from "../trust/trust.tsx";
import { useAction } from "../ui/use-action.ts";
import { wait } from "../ui/wait.ts";
import type { ReceiptFinding } from "./receipt-finding.ts";
import { ReceiptFindings } from "./receipt-findings.tsx";

/** The button that checks a receipt against the ledger of today, beside other buttons, and what it found. */
export function ReceiptCheck({
  receipt,
  children,
}: {
  readonly receipt: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const { text } = useWords();
  const { verified } = useTrust();
  const [findings, setFindings] = useState<readonly ReceiptFinding[]>();
  const { isBusy, run } = useAction(async () => {
    const { checkVoterReceipt } = await loadTools();
    try {
      const { report } = await verified();
      const source = { ...createBallotRoutes(), wait, isLive: true };
      setFindings(await checkVoterReceipt(receipt, report.facts.logKey, source));
    } catch (error) {
      const reason = asApiError(error).message;
      setFindings([{ id: "check.unattested", verdict: "warning", values: { reason } }]);
    }
  });
  const label = isBusy
    ? "receipt.checking"
    : findings === undefined
      ? "receipt.check"
      : "receipt.check.again";
  return (
    <>
      <div class="row">
        <button type="button" class="pill small" aria-disabled={isBusy} onClick={() => run()}>
          {text(label)}
        </button>
        {children}
      </div>
      <div role="status">{findings !== undefined && <ReceiptFindings findings={findings} />}</div>
    </>
  );
}
