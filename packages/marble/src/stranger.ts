/** What is said of a certificate of an authority that is not the own one; OpenSSL's words and alerts. */
const STRANGER_REASONS: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "CERT_SIGNATURE_FAILURE",
  "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
  "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
  "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR",
]);

/**
 * Whether a handshake failed because one side does not know the other's authority, as after an update
 * that only one of them has seen. Any peer can cause it: a reason to ask, never to trust.
 */
export function isStrangerReason(reason: string): boolean {
  return STRANGER_REASONS.has(reason);
}
