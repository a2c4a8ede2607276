import { toHex, utf8 } from "@carrara/encoding";
import { testIdentity } from "./test-coordinator.ts";

/** JSON of a manifest whose package `p` is {@link testIdentity}, with sections replaced or added. */
export function testManifest(sections: Readonly<Record<string, unknown>> = {}): Uint8Array {
  const { mrSigner, isvProdId, isvSvn } = testIdentity();
  const pkg = { SignerID: toHex(mrSigner), ProductID: isvProdId, SecurityVersion: isvSvn };
  return utf8(
    JSON.stringify({ Packages: { p: pkg }, Marbles: { web: { Package: "p" } }, ...sections }),
  );
}
