import pc from "picocolors";
import { printable } from "../printable.ts";
import type { Json, Part } from "./facts.ts";

/** Longest name that the values of a table still line up behind, in characters. */
const MAX_NAME_WIDTH = 28;

/** The parts as tables, one a part; text of any origin comes out harmless. */
export function renderParts(parts: readonly Part[], color: boolean): string {
  return parts.map((part) => renderPart(part, pc.createColors(color))).join("\n\n");
}

function renderPart({ title, facts }: Part, colors: ReturnType<typeof pc.createColors>): string {
  const names = facts.map(({ name }) => printable(name));
  const width = Math.min(MAX_NAME_WIDTH, Math.max(0, ...names.map((name) => name.length)));
  const rows = facts.map(({ value, note }, i) => {
    const name = (names[i] ?? "").padEnd(width);
    const remark = note === undefined ? "" : ` ${colors.dim(`(${printable(note)})`)}`;
    return `  ${colors.cyan(name)}  ${textOf(value)}${remark}`;
  });
  return [colors.bold(printable(title)), ...rows].join("\n");
}

function textOf(value: Json): string {
  if (value === null || value === "") return "-";
  if (typeof value === "string") return printable(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (items.length === 0) return "none";
    return items.map(textOf).join(items.every((item) => typeof item === "object") ? "; " : ", ");
  }
  const members = Object.entries(value as Readonly<Record<string, Json>>);
  if (members.length === 0) return "none";
  return members.map(([name, member]) => `${printable(name)} ${textOf(member)}`).join(", ");
}
