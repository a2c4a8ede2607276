import { equalBytes, fromBase64 } from "@carrara/encoding";
import { commonNameOf, PkiError, parseCertificate } from "@carrara/pki";
import { copyBytes } from "./copy-bytes.ts";
import { AttestationError } from "./error.ts";
import { ARK_CERTIFICATES } from "./snp/ark-certificates.ts";

/** Whether a result rests on hardware, or on a simulation that protects nothing. */
export type Assurance = "hardware" | "simulation";

/** Who makes the platform, which decides the form of its evidence. */
type Vendor = "intel" | "amd";

/** Who is believed about platforms. Only the anchors of this module are of kind `hardware`. */
export interface TrustAnchor {
  readonly kind: Assurance;
  readonly vendor: Vendor;
  /** Common name of the root. */
  readonly name: string;
  /** DER SubjectPublicKeyInfo: what is pinned, since Intel issued its root twice with one key. */
  readonly spki: Uint8Array;
  /** DER certificate. */
  readonly certificate: Uint8Array;
}

const INTEL_SGX_ROOT_DER = fromBase64(
  "MIICjzCCAjSgAwIBAgIUImUM1lqdNInzg7SVUr9QGzknBqwwCgYIKoZIzj0EAwIwaDEaMBgGA1UEAwwRSW50ZWwg" +
    "U0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkG" +
    "A1UECAwCQ0ExCzAJBgNVBAYTAlVTMB4XDTE4MDUyMTEwNDUxMFoXDTQ5MTIzMTIzNTk1OVowaDEaMBgGA1UEAwwR" +
    "SW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFy" +
    "YTELMAkGA1UECAwCQ0ExCzAJBgNVBAYTAlVTMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPW" +
    "sCzaEKi71OiOSLRFhWGjbnBVJfVnkY4u3IjkDYYL0MxO4mqsyYjlBalTVYxFP2sJBK5zlKOBuzCBuDAfBgNVHSME" +
    "GDAWgBQiZQzWWp00ifODtJVSv1AbOScGrDBSBgNVHR8ESzBJMEegRaBDhkFodHRwczovL2NlcnRpZmljYXRlcy50" +
    "cnVzdGVkc2VydmljZXMuaW50ZWwuY29tL0ludGVsU0dYUm9vdENBLmRlcjAdBgNVHQ4EFgQUImUM1lqdNInzg7SV" +
    "Ur9QGzknBqwwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8CAQEwCgYIKoZIzj0EAwIDSQAwRgIhAOW/" +
    "5QkR+S9CiSDcNoowLuPRLsWGf/Yi7GSX94BgwTwgAiEA4J0lrHoMs+Xo5o/sX6O9QWxHRAvZUGOdRQ7cvqRXaqI=",
);

/** Intel's SGX root CA (valid until 2049): the one hardware anchor of SGX and TDX. */
export const INTEL_SGX_ROOT: TrustAnchor = hardwareAnchor(INTEL_SGX_ROOT_DER);

/** AMD's root keys, one a product: the hardware anchors of SEV-SNP. */
export const AMD_ROOTS: readonly TrustAnchor[] = Object.freeze(
  ARK_CERTIFICATES.map((text) => hardwareAnchor(fromBase64(text))),
);

/** Copies that no caller can reach: what is compared must not be what is handed out. */
const HARDWARE_SPKIS: readonly Uint8Array[] = [INTEL_SGX_ROOT, ...AMD_ROOTS].map(({ spki }) =>
  spki.slice(),
);

function hardwareAnchor(certificate: Uint8Array): TrustAnchor {
  return Object.freeze({ ...anchorOf(certificate), kind: "hardware" });
}

function anchorOf(certificate: Uint8Array): Omit<TrustAnchor, "kind"> {
  try {
    const { subject, spki } = parseCertificate(certificate);
    const name = commonNameOf(subject);
    return { vendor: name.startsWith("ARK-") ? "amd" : "intel", name, spki, certificate };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new AttestationError("CERT_MALFORMED", "the root certificate cannot be read", { cause });
  }
}

/**
 * An anchor of kind `simulation` for any root that is no vendor's own (section 8.1), of the vendor
 * whose form of names it follows: `ARK-…` is AMD's. Throws `CERT_MALFORMED`, and
 * `CERT_UNTRUSTED_ROOT` for a vendor's own root, which is no simulation.
 */
export function createSimulationAnchor(certificate: Uint8Array): TrustAnchor {
  const anchor = anchorOf(copyBytes(certificate));
  if (assuranceOf(anchor.spki) === "hardware") {
    throw new AttestationError("CERT_UNTRUSTED_ROOT", "a hardware root cannot be a simulation");
  }
  return Object.freeze({ ...anchor, kind: "simulation" });
}

/** What evidence under the root key `spki` is worth, whatever an anchor says of itself. */
export function assuranceOf(spki: Uint8Array): Assurance {
  return HARDWARE_SPKIS.some((known) => equalBytes(spki, known)) ? "hardware" : "simulation";
}
