/** The parameter that names the emoji. */
const CHOICE = "choice";
const FIRST = `${CHOICE}=`;
const FORM = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data";

/** Whether a body of this type is a url-encoded form. */
export function isForm(contentType: string | undefined): boolean {
  if (contentType === FORM) return true;
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() === FORM;
}

/** What stands behind `choice=` at the start of a body, not decoded; empty when it starts otherwise. */
export function firstChoiceText(body: Buffer): string {
  const text = body.toString("latin1");
  if (!text.startsWith(FIRST)) return "";
  const end = text.indexOf("&", FIRST.length);
  return text.slice(FIRST.length, end < 0 ? undefined : end);
}

/**
 * The choice in a query or url-encoded body, as Go's form reader finds it: the first pair of that name
 * counts; pairs with a semicolon or a broken escape are as if absent. Returns `undefined` when there is none.
 */
export function choiceOfForm(text: string): string | undefined {
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    const rawName = equals < 0 ? pair : pair.slice(0, equals);
    if (pair.includes(";") || formDecoded(rawName) !== CHOICE) continue;
    const value = formDecoded(equals < 0 ? "" : pair.slice(equals + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The choice in a body of type `contentType`; other types than forms have none. Never throws. */
export async function choiceOfBody(
  contentType: string | undefined,
  body: Uint8Array,
): Promise<string | undefined> {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (isForm(contentType)) return choiceOfForm(Buffer.from(body).toString("latin1"));
  if (type !== MULTIPART) return undefined;
  try {
    const headers = { "content-type": contentType ?? "" };
    const value = (await new Response(body, { headers }).formData()).get(CHOICE);
    return typeof value === "string" ? value : undefined;
  } catch {
    // A body that breaks off has no choice, and the answer to that says so.
    return undefined;
  }
}

/** The choice in the query of a request target, see `choiceOfForm`. */
export function choiceOfTarget(target: string): string | undefined {
  const question = target.indexOf("?");
  return question < 0 ? undefined : choiceOfForm(target.slice(question + 1));
}

/** `text` is one character a byte. Undefined for a broken escape; bytes that are not UTF-8 become U+FFFD. */
function formDecoded(text: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const bytes = text
    .replaceAll("+", " ")
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
