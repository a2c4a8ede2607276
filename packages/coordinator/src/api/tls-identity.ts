import type { SecureContextOptions } from "node:tls";
import { encodePem } from "@carrara/encoding";
import type { ServerIdentity } from "../coordinator.ts";

/** AES-GCM with forward secrecy only, as Go's FIPS mode offers for TLS 1.2 (section 1.7). */
const TLS12_CIPHERS = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_AES_128_GCM_SHA256",
].join(":");

/** Milliseconds a TLS handshake may take: a slow client holds a socket no longer. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** TLS settings that present exactly one certificate. */
export function secureContextOptions({ certificate, key }: ServerIdentity): SecureContextOptions {
  return {
    cert: encodePem("CERTIFICATE", certificate),
    key: key.export({ type: "pkcs8", format: "pem" }),
    minVersion: "TLSv1.2",
    ciphers: TLS12_CIPHERS,
  };
}

/** Why a handshake failed, for the log: it did not come in time, or what came is no handshake of ours. */
export function handshakeFailure(error: Error): {
  readonly code: "TLS_HANDSHAKE" | "TLS_HANDSHAKE_TIMEOUT";
  readonly reason: string;
} {
  // Node's own code where there is one: OpenSSL's text names files and addresses of its build.
  const reason = "code" in error && typeof error.code === "string" ? error.code : error.message;
  const timedOut = reason === "ERR_TLS_HANDSHAKE_TIMEOUT";
  return { code: timedOut ? "TLS_HANDSHAKE_TIMEOUT" : "TLS_HANDSHAKE", reason };
}
