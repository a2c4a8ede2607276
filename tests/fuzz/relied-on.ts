import { CERT_TABLE_GUID, parseCertTable, parseQuote, pckChainOf } from "@carrara/attestation";
import { fromHex, parsePem, toHex } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import type { SignedMember } from "./signing-platform.ts";

/** Reserved bytes of a SIGSTRUCT behind what is signed: no processor and no verifier reads them. */
const SIGSTRUCT_RESERVED = { start: 1028, end: 1040 } as const;
/** Closing of a signed response body; white space may follow it. */
const SIGNATURE = /,"signature":"([0-9a-fA-F]{128})"\}\s*$/;

/** Everything: no byte may differ. */
export function wholePart(input: Uint8Array): string[] {
  return [toHex(input)];
}

/** The bytes that hex of either case stands for. */
export function hexPart(text: string): string[] {
  return [toHex(fromHex(text))];
}

/**
 * All of a quote but what nobody signed: bytes after the auth data, white space and line breaks of
 * the PEM, what follows a NUL in it, and of the third certificate everything but its key, since the
 * trust anchor and not this certificate is believed.
 */
export function quoteParts(input: Uint8Array): string[] {
  const quote = parseQuote(input);
  return [
    quote.signedBytes,
    quote.signature,
    quote.attestationKey,
    quote.qeReport.raw,
    quote.qeReportSignature,
    quote.qeAuthData,
  ]
    .map(toHex)
    .concat(chainParts(pckChainOf(quote) ?? ""));
}

/**
 * The certificates of a PEM chain as DER, the last by its key alone. A chain of SEV-SNP may end
 * below the root, and may be left out where the verifier knows AMD's own.
 */
export function chainParts(text: string): string[] {
  const blocks = parsePem(text.split("\0", 1)[0] ?? "").map(({ bytes }) => bytes);
  return blocks.map((bytes, i) => {
    const { spki, raw } = parseCertificate(bytes);
    return i > 0 && i === blocks.length - 1 ? toHex(spki) : toHex(raw);
  });
}

/** The exact text of the member and the bytes of the signature, whatever the case of its digits. */
export function signedBodyParts(member: SignedMember, text: string): string[] {
  const end = SIGNATURE.exec(text);
  const start = `{"${member}":`.length;
  return [text.slice(start, end?.index), (end?.[1] ?? "").toLowerCase()];
}

/** The certificates of a table that count: of the key, and the one below the root. */
export function certTableParts(input: Uint8Array): string[] {
  const used: readonly string[] = [CERT_TABLE_GUID.vcek, CERT_TABLE_GUID.vlek, CERT_TABLE_GUID.ask];
  return parseCertTable(input)
    .filter(({ guid, data }) => used.includes(guid) && data.length > 0)
    .map(({ data }) => toHex(data));
}

/** All of a SIGSTRUCT but its reserved bytes behind the signed part. */
export function sigstructParts(input: Uint8Array): string[] {
  const { start, end } = SIGSTRUCT_RESERVED;
  return [toHex(input.subarray(0, start)), toHex(input.subarray(end))];
}
