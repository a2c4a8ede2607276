import {
  AttestationError,
  createSimulationAnchor,
  HARDWARE_ANCHORS,
  type TrustAnchor,
} from "@carrara/attestation";
import { equalBytes } from "@carrara/encoding";
import { commonNameOf, PkiError, parseCertificate } from "@carrara/pki";
import { printable } from "../printable.ts";

/**
 * The anchors that evidence ending in `root` is verified under: the vendors' own, and with
 * `insecure` a root of nobody's as a simulation. Throws `POLICY_SIMULATION` for one without, and
 * `CERT_MALFORMED`. Without a root, which the evidence need not name, only the vendors' own count.
 */
export function anchorsFor(
  root: Uint8Array | undefined,
  insecure: boolean,
): readonly TrustAnchor[] {
  if (root === undefined) return HARDWARE_ANCHORS;
  const { spki, name } = readRoot(root);
  if (HARDWARE_ANCHORS.some((anchor) => equalBytes(anchor.spki, spki))) return HARDWARE_ANCHORS;
  if (insecure) return [...HARDWARE_ANCHORS, createSimulationAnchor(root)];
  throw new AttestationError(
    "POLICY_SIMULATION",
    `the evidence ends in the root "${printable(name)}", which is neither Intel's nor AMD's: a simulation at best, which only --insecure accepts`,
  );
}

function readRoot(der: Uint8Array): { readonly spki: Uint8Array; readonly name: string } {
  try {
    const { spki, subject } = parseCertificate(der);
    return { spki, name: commonNameOf(subject) };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new AttestationError("CERT_MALFORMED", "the root of the evidence cannot be read", {
      cause,
    });
  }
}
