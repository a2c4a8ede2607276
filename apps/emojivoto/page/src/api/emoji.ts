import { choiceNumbers } from "../gen/choices.ts";
import { isRecord, loadJson } from "./request.ts";

/** An emoji one may vote for. */
export interface Emoji {
  readonly shortcode: string;
  readonly unicode: string;
}

/** The emoji in list order; those that this page knows no choice number for are left out. Rejects with `ApiError`. */
export async function loadEmoji(): Promise<readonly Emoji[]> {
  const list = await loadJson("/api/list", isEmojiList);
  return list.filter(({ shortcode }) => choiceNumbers[shortcode] !== undefined);
}

/** Whether `value` is an emoji. */
export function isEmoji(value: unknown): value is Emoji {
  if (!isRecord(value)) return false;
  const { shortcode, unicode } = value;
  return typeof shortcode === "string" && typeof unicode === "string";
}

function isEmojiList(value: unknown): value is readonly Emoji[] {
  return Array.isArray(value) && value.every(isEmoji);
}
