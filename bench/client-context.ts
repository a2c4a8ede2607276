import { createSecureContext, type SecureContext } from "node:tls";
import { encodePem } from "@carrara/encoding";
import type { MarbleIdentity } from "@carrara/marble";

/** TLS settings of a marble, with its key and certificate read. */
export function clientContext({
  certificate,
  pkcs8,
}: Pick<MarbleIdentity, "certificate" | "pkcs8">): SecureContext {
  return createSecureContext({
    cert: encodePem("CERTIFICATE", certificate),
    key: encodePem("PRIVATE KEY", pkcs8),
  });
}
