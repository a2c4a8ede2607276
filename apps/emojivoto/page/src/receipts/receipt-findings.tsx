import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { Mark } from "../ui/mark.tsx";
import { type ReceiptFinding, verdictOn } from "./receipt-finding.ts";

const SUMMARY = { ok: "check.good", warning: "check.partly", failed: "check.bad" } as const;

/** What a check of a receipt found: the verdict, then each thing. */
export function ReceiptFindings({
  findings,
}: {
  readonly findings: readonly ReceiptFinding[];
}): JSX.Element {
  const { text, number } = useWords();
  const verdict = verdictOn(findings);
  const reason = (value: string): string =>
    value === "UNREACHABLE" ? text("error.reason.unreachable") : value;
  const filled = (values: ReceiptFinding["values"]): Record<string, string> =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === "number" ? number(value) : reason(value),
      ]),
    );
  return (
    <div class={`receipt-verdict ${verdict}`}>
      <p class="strong">{text(SUMMARY[verdict])}</p>
      <ul class="findings">
        {findings.map(({ id, verdict: each, values }) => (
          <li key={id} class={each}>
            <Mark verdict={each} />
            <span>{text(id, filled(values))}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
