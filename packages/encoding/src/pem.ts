import { fromBase64, toBase64 } from "./bytes.ts";
import { EncodingError } from "./error.ts";

/** One PEM block (RFC 7468): its label, for example `CERTIFICATE`, and the decoded bytes. */
export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/** Characters of base64 in a line (RFC 7468 section 2). */
const LINE = 64;

/**
 * All PEM blocks in `text`, in order; text between blocks is ignored (RFC 7468 section 2).
 * Throws `PEM_MALFORMED` when a begin line has no matching block or a block's base64 is broken.
 */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(BLOCK)) {
    const [, label = "", body = ""] = match;
    try {
      blocks.push({ label, bytes: fromBase64(body.replace(/\s+/g, "")) });
    } catch (cause) {
      throw new EncodingError("PEM_MALFORMED", `base64 of PEM block ${label} is broken`, { cause });
    }
  }
  if (text.split("-----BEGIN ").length - 1 !== blocks.length) {
    throw new EncodingError("PEM_MALFORMED", "a PEM begin line has no matching end line");
  }
  return blocks;
}

/** `bytes` as one PEM block with lines of 64 characters and a final newline. */
export function encodePem(label: string, bytes: Uint8Array): string {
  const text = toBase64(bytes);
  let lines = "";
  for (let i = 0; i < text.length; i += LINE) lines += `${text.slice(i, i + LINE)}\n`;
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
