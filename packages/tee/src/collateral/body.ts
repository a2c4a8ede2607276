import { fromHex, parsePem } from "@carrara/encoding";
import { readingCollateral, unavailable } from "./refusal.ts";

/** Longest PEM chain in characters: three certificates are below 8 KiB. */
export const MAX_CHAIN_CHARACTERS: number = 64 * 1024;

/** First byte of a DER SEQUENCE; its hex starts with the digit 3, which is 0x33. */
const DER_SEQUENCE = 0x30;

/** UTF-8 text, exactly: signatures cover it byte for byte. Throws `COLLATERAL_UNAVAILABLE`. */
export function textOf(bytes: Uint8Array): string {
  return readingCollateral("the answer is no utf-8 text", () =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
  );
}

/**
 * DER of a CRL or certificate that comes as DER, PEM or hex; the content says which (section 3.2).
 * Throws `COLLATERAL_UNAVAILABLE`.
 */
export function derOf(body: Uint8Array): Uint8Array {
  if (body[0] === DER_SEQUENCE) return body;
  const text = textOf(body);
  return readingCollateral("the answer is neither der nor pem nor hex", () => {
    if (!text.includes("-----BEGIN ")) return fromHex(nonEmpty(text.replace(/\s+/g, "")));
    const [block, more] = parsePem(text);
    if (block === undefined || more !== undefined)
      throw unavailable("malformed", "not one pem block");
    return block.bytes;
  });
}

function nonEmpty(text: string): string {
  if (text === "") throw unavailable("malformed", "the answer is empty");
  return text;
}

/**
 * A PEM chain from the first of the headers `names` that is there, percent-decoded; `+` is never a
 * space (section 3.1). Throws `COLLATERAL_UNAVAILABLE`.
 */
export function chainOf(headers: Headers, ...names: readonly string[]): string {
  const value = names.map((name) => headers.get(name)).find((found) => found !== null) ?? "";
  if (value === "") throw unavailable("malformed", "the answer has no issuer chain");
  // Three characters of the header make one of the chain at most.
  if (value.length > 3 * MAX_CHAIN_CHARACTERS) {
    throw unavailable("malformed", "the issuer chain is too long");
  }
  return readingCollateral("the issuer chain is not percent-encoded", () =>
    decodeURIComponent(value),
  );
}
