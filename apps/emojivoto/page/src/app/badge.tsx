import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { type Trust, useTrust } from "../trust/trust.tsx";
import { ViewLink } from "../ui/view-link.tsx";

/** The verdict of this browser's own verification; leads to what it rests on. No lock, no green for a simulation. */
export function Badge(): JSX.Element {
  const { text } = useWords();
  const { trust } = useTrust();
  const state = stateOf(trust);
  return (
    <ViewLink to="/verify" class={`badge ${state}`} title={text("badge.hint")}>
      <span class="dot" aria-hidden="true" />
      <span aria-live="polite">{text(`badge.${state}`)}</span>
    </ViewLink>
  );
}

function stateOf(
  trust: Trust,
): "checking" | "unknown" | "changed" | "simulation" | "hardware" | "unproven" | "refused" {
  if (trust.kind === "checking") return "checking";
  if (trust.kind === "failed") return "unknown";
  const { verdict } = trust.evidence.report;
  if (verdict !== "refused" && trust.pin.kind === "changed") return "changed";
  return verdict;
}
