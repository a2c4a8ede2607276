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
