import { encodeGoJson, type GoJsonValue } from "@carrara/manifest";

/**
 * One line of the update log (section 7.5): time with three fraction digits, the text, then the
 * fields in their order. No HTML escapes here.
 */
export function updateLogEntry(
  now: Date,
  update: string,
  fields: Readonly<Record<string, GoJsonValue>> = {},
): string {
  return encodeGoJson({ time: now.toISOString(), update, ...fields }, { escapeHtml: false });
}
