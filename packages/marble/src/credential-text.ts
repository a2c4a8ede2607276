import { toBase64, toHex, utf8 } from "@carrara/encoding";
import type { MeshCredentials } from "./mesh-credentials.ts";

/** White space, and line ends as JSON writes them: where PEM is broken differs. */
const BREAKS = /\s|\\[nr]/g;

/**
 * Whether a parameter holds one of these certificates or the key, as PEM, base64, hex or raw bytes:
 * only such parameters are written anew when the certificates are.
 */
export function holdsCredentials(value: Uint8Array, credentials: MeshCredentials): boolean {
  const { leaf, intermediate, pkcs8, marbleRoot } = credentials;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const text = bytes.toString("latin1").replace(BREAKS, "");
  return [leaf, intermediate, pkcs8, marbleRoot].some(
    (der) =>
      text.includes(toBase64(der)) ||
      text.toLowerCase().includes(toHex(der)) ||
      bytes.includes(Buffer.from(der)),
  );
}

/** {@link holdsCredentials} of a variable. */
export function variableHoldsCredentials(value: string, credentials: MeshCredentials): boolean {
  return holdsCredentials(utf8(value), credentials);
}
