import { readStored, writeStored } from "../ui/stored.ts";

/** A receipt that this browser keeps. Nothing in it says what was chosen. */
export interface KeptReceipt {
  /** The text of its file. */
  readonly text: string;
  /** When it was got, RFC 3339. */
  readonly at: string;
}

const KEY = "carrara.receipts";
/** Older ones are dropped; each has some 1,500 characters. */
const MAX_KEPT = 200;

/** The receipts that are kept, newest first. */
export function loadReceipts(): readonly KeptReceipt[] {
  try {
    const list: unknown = JSON.parse(readStored(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter(isKept) : [];
  } catch {
    return [];
  }
}

/** Keeps a receipt. False where the browser does not, and the voter has to save the file. */
export function keepReceipt(text: string, now: Date): boolean {
  const others = loadReceipts().filter((kept) => kept.text !== text);
  const list = [{ text, at: now.toISOString() }, ...others].slice(0, MAX_KEPT);
  return writeStored(KEY, JSON.stringify(list));
}

/** Forgets a receipt. */
export function dropReceipt(text: string): void {
  const rest = loadReceipts().filter((kept) => kept.text !== text);
  writeStored(KEY, rest.length === 0 ? undefined : JSON.stringify(rest));
}

function isKept(value: unknown): value is KeptReceipt {
  if (typeof value !== "object" || value === null) return false;
  const { text, at }: { readonly text?: unknown; readonly at?: unknown } = value;
  return typeof text === "string" && typeof at === "string";
}
