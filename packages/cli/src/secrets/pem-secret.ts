import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { EncodingError, encodePem, type PemBlock, parsePem } from "@carrara/encoding";
import type { UserSecret } from "@carrara/manifest";
import { CliError } from "../cli-error.ts";

/**
 * A certificate and its key from PEM text: the first certificate, and the first private key if there
 * is one, as PKCS#8. Throws `SECRET_FILE_INVALID`, also for a key of another certificate.
 */
export function readPemSecret(text: string): UserSecret {
  const blocks = blocksOf(text);
  const certificate = blocks.find(({ label }) => label === "CERTIFICATE");
  const key = blocks.find(({ label }) => label.includes("PRIVATE"));
  if (certificate === undefined) throw invalid("it has no PEM block CERTIFICATE");
  const parsed = readCertificate(certificate.bytes);
  if (key === undefined) return { cert: certificate.bytes };
  const privateKey = readKey(key);
  if (!parsed.checkPrivateKey(privateKey)) throw invalid("its key belongs to another certificate");
  const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
  return { cert: certificate.bytes, private: new Uint8Array(pkcs8) };
}

function blocksOf(text: string): readonly PemBlock[] {
  try {
    return parsePem(text);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw invalid("its PEM is broken");
  }
}

function readCertificate(bytes: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw invalid("its certificate cannot be read");
  }
}

/** Templates write keys as PKCS#8, whatever the file has. */
function readKey({ label, bytes }: PemBlock): KeyObject {
  try {
    return createPrivateKey(encodePem(label, bytes));
  } catch {
    // The library's error may repeat parts of the key.
    throw invalid("its private key cannot be read, or is protected by a passphrase");
  }
}

function invalid(detail: string): CliError {
  return new CliError("SECRET_FILE_INVALID", `the file needs a certificate and its key: ${detail}`);
}
