import type { KeysStatement } from "@carrara/ballot";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { useTrust } from "../trust/trust.tsx";

/** What the attested rules of the poll say to a voter; nothing where a poll is always open to all. */
export function PollNotice(): JSX.Element | null {
  const { text, time } = useWords();
  const { trust } = useTrust();
  if (trust.kind !== "verified") return null;
  const rules = trust.evidence.report.facts.keys[0]?.rules;
  if (rules === undefined) return null;
  const state = stateOf(rules, new Date());
  const lines = [
    state === "notOpen" && rules.opens && text("poll.notOpen", { time: time(rules.opens) }),
    state === "closed" && text("poll.closed"),
    state === "open" && rules.closes && text("poll.open.until", { time: time(rules.closes) }),
    state !== "closed" && rules.revote !== "unlimited" && text(`poll.revote.${rules.revote}`),
  ].filter((line) => typeof line === "string");
  return lines.length === 0 ? null : <p class="poll-notice">{lines.join(" ")}</p>;
}

function stateOf(rules: KeysStatement["rules"], now: Date): "open" | "notOpen" | "closed" {
  if (rules.opens !== undefined && now < rules.opens) return "notOpen";
  return rules.closes !== undefined && now >= rules.closes ? "closed" : "open";
}
