import { ManifestError, parseTlsConfig } from "@carrara/manifest";
import type { Environment } from "../service/settings.ts";

/** An intermediate behind a certificate in PEM. */
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

/**
 * The certificate that the runtime presents on `port`, then the mesh CA and the Coordinator's root, PEM;
 * empty outside a mesh. Read anew each time: the runtime renews the variables of a running marble.
 */
export function siteChainOf(env: Environment, port: number): string {
  const {
    MARBLE_TTLS_CONFIG: config = "",
    MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: own = "",
    MARBLE_PREDEFINED_COORDINATOR_ROOT_CA: root = "",
  } = env;
  const [, intermediate = ""] = own.match(CERTIFICATES) ?? [];
  return `${presentedOn(config, port)}${intermediate}${root}`;
}

function presentedOn(config: string, port: number): string {
  if (config === "") return "";
  try {
    return parseTlsConfig(Buffer.from(config)).incoming.get(`*:${port}`)?.cert ?? "";
  } catch (error) {
    // The runtime has read it before; whoever changed it since has no certificate to show.
    if (error instanceof ManifestError) return "";
    throw error;
  }
}
