import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { ReceiptList } from "../receipts/receipt-list.tsx";
import { useTrust } from "../trust/trust.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { saveFile } from "../ui/save-file.ts";
import { useAction } from "../ui/use-action.ts";
import { ViewHeading } from "../ui/view-heading.tsx";
import { Doubts } from "./doubts.tsx";
import { EvidenceSections } from "./evidence-sections.tsx";
import { PinNotice } from "./pin-notice.tsx";
import { VerdictBanner } from "./verdict-banner.tsx";

/** The view `/verify`: what was verified in this browser, in plain words first. */
export function VerifyPage(): JSX.Element {
  const { text, time } = useWords();
  const { trust, refresh, accept } = useTrust();
  const { isBusy, run } = useAction(async () => {
    // A failure shows on the page.
    await refresh().catch(() => undefined);
  });
  return (
    <div class="verify">
      <section class="card">
        <ViewHeading takesFocus>{text("verify.title")}</ViewHeading>
        <div role="status">
          {trust.kind === "checking" && <p class="lead">{text("verify.checking")}</p>}
          {trust.kind === "verified" && <VerdictBanner verdict={trust.evidence.report.verdict} />}
        </div>
        {trust.kind === "failed" && (
          <LoadError what={text("verify.failed")} error={trust.error} onRetry={run} />
        )}
        {trust.kind === "verified" && (
          <>
            {["refused", "unproven"].includes(trust.evidence.report.verdict) ? (
              <p>{text("verify.unsealed")}</p>
            ) : (
              <PinNotice pin={trust.pin} facts={trust.evidence.report.facts} onAccept={accept} />
            )}
            <div class="row quiet">
              <span>{text("verify.time", { time: time(trust.evidence.at) })}</span>
              <button
                type="button"
                class="link-button"
                aria-disabled={isBusy}
                onClick={() => run()}
              >
                {text("verify.again")}
              </button>
              <button
                type="button"
                class="link-button"
                onClick={() => saveFile("evidence.json", trust.evidence.bundle)}
              >
                {text("verify.save")}
              </button>
            </div>
          </>
        )}
      </section>
      {trust.kind === "verified" && <EvidenceSections report={trust.evidence.report} />}
      <section class="card" id="receipts">
        <h2>{text("receipt.mine")}</h2>
        <ReceiptList />
      </section>
      <Doubts
        isSimulated={trust.kind !== "verified" || trust.evidence.report.verdict !== "hardware"}
      />
    </div>
  );
}
