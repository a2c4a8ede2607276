import {
  AttestationError,
  createSimulationAnchor,
  HARDWARE_ANCHORS,
  type TrustAnchor,
} from "@carrara/attestation";
import { equalBytes } from "@carrara/encoding";
import { type Certificate, commonNameOf, OID, PkiError, parseCertificate } from "@carrara/pki";
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
  const { spki, subject } = readRoot(root);
  if (HARDWARE_ANCHORS.some((anchor) => equalBytes(anchor.spki, spki))) return HARDWARE_ANCHORS;
  if (insecure) return [...HARDWARE_ANCHORS, createSimulationAnchor(root)];
  throw new AttestationError(
    "POLICY_SIMULATION",
    `the evidence ends in the root ${rootText(subject)}, which is neither Intel's nor AMD's: a simulation at best, which only --insecure accepts`,
  );
}

/** Whose root it says that it is; undefined when it does not. */
export function organizationOf(root: Uint8Array | undefined): string | undefined {
  return root === undefined ? undefined : attributeOf(readRoot(root).subject, OID.organization);
}

/** A simulation of AMD's has the vendor's own common names: only who holds it tells them apart. */
function rootText(subject: Certificate["subject"]): string {
  const organization = attributeOf(subject, OID.organization);
  const holder = organization === undefined ? "" : ` of "${printable(organization)}"`;
  return `"${printable(commonNameOf(subject))}"${holder}`;
}

function attributeOf(subject: Certificate["subject"], oid: string): string | undefined {
  return subject.find(({ type }) => type === oid)?.value;
}

function readRoot(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new AttestationError("CERT_MALFORMED", "the root of the evidence cannot be read", {
      cause,
    });
  }
}
