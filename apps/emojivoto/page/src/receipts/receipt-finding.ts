/** One thing that was checked of a receipt; the catalogues have a text for each id. */
export interface ReceiptFinding {
  readonly id:
    | "check.included"
    | "check.included.failed"
    | "check.signed"
    | "check.foreign"
    | "check.grown"
    | "check.same"
    | "check.shrunk"
    | "check.forked"
    | "check.offline"
    | "check.older"
    | "check.unattested"
    | "receipt.unreadable";
  readonly verdict: "ok" | "warning" | "failed";
  readonly values: Readonly<Record<string, string | number>>;
}

/** The verdict on all findings together. */
export function verdictOn(findings: readonly ReceiptFinding[]): ReceiptFinding["verdict"] {
  for (const verdict of ["failed", "warning"] as const) {
    if (findings.some((finding) => finding.verdict === verdict)) return verdict;
  }
  return "ok";
}
