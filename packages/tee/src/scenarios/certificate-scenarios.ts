import { commonName, extension, OID } from "@carrara/pki";
import type { CertificateBend, CertificateDraft } from "../platform/platform-credentials.ts";
import { dated, inDays } from "./clock.ts";
import { type DcapDeviation, dcapScenario } from "./dcap-scenario.ts";
import { type EvidenceScenario, refusedWith } from "./evidence-scenario.ts";

const CERTIFICATES = ["Root CA", "PCK Platform CA", "PCK Certificate", "TCB Signing"] as const;

/** Changes the certificate of one role. */
function only(role: string, change: (good: CertificateDraft) => CertificateDraft): CertificateBend {
  return (at, good) => (at === role ? change(good) : good);
}

function template(
  change: Partial<CertificateDraft["template"]>,
): (good: CertificateDraft) => CertificateDraft {
  return (good) => ({ ...good, template: { ...good.template, ...change } });
}

const CERTIFICATE_TIMES = CERTIFICATES.flatMap((role) => [
  dcapScenario(`${role} expired`, "sgx", refusedWith("CERT_EXPIRED"), {
    certificate: only(role, (good) =>
      template({ notAfter: new Date(good.template.notBefore.getTime() + 1000) })(good),
    ),
  }),
  dcapScenario(`${role} not yet valid`, "sgx", refusedWith("CERT_NOT_YET_VALID"), {
    certificate: only(role, (good) =>
      template({ notBefore: inDays(good.template.notBefore, 1) })(good),
    ),
  }),
]);

const CERTIFICATE_CASES: readonly EvidenceScenario[] = [
  dcapScenario("a month later", "tdx", refusedWith("CERT_EXPIRED"), {
    now: (now) => inDays(now, 31),
  }),
  dcapScenario("a day before", "tdx", refusedWith("CERT_NOT_YET_VALID"), {
    now: (now) => inDays(now, -1),
  }),
  dcapScenario("root that nobody trusts", "sgx", refusedWith("CERT_UNTRUSTED_ROOT"), {
    anchor: "another",
  }),
  dcapScenario("pck certificate of another name", "sgx", refusedWith("CERT_WRONG_ROLE"), {
    certificate: only("PCK Certificate", template({ subject: commonName("SIMULATION Something") })),
  }),
  dcapScenario("tcb signer of another name", "tdx", refusedWith("CERT_WRONG_ROLE"), {
    certificate: only("TCB Signing", template({ subject: commonName("SIMULATION Something") })),
  }),
  dcapScenario("pck certificate without sgx extension", "sgx", refusedWith("CERT_WRONG_ROLE"), {
    certificate: only("PCK Certificate", (good) =>
      template({
        extensions: good.template.extensions.filter(({ oid }) => !oid.startsWith("1.2.840.113741")),
      })(good),
    ),
  }),
  dcapScenario("platform ca that is no ca", "sgx", refusedWith("CERT_CONSTRAINT"), {
    certificate: only("PCK Platform CA", withConstraints(false)),
  }),
  dcapScenario("pck certificate that is a ca", "sgx", refusedWith("CERT_CONSTRAINT"), {
    certificate: only("PCK Certificate", withConstraints(true)),
  }),
  dcapScenario("tcb signer that is a ca", "tdx", refusedWith("CERT_CONSTRAINT"), {
    certificate: only("TCB Signing", withConstraints(true)),
  }),
  dcapScenario("platform ca in another's name", "sgx", refusedWith("CERT_CHAIN_INVALID"), {
    certificate: only("PCK Platform CA", template({ issuer: commonName("Other SGX Root CA") })),
  }),
  dcapScenario("pck certificate that nobody signed", "sgx", refusedWith("CERT_CHAIN_INVALID"), {
    bytes: damagePckCertificate,
  }),
  ...(["pck", "platform-ca", "tcb-signing"] as const).map((name) =>
    dcapScenario(`${name} certificate revoked`, "sgx", refusedWith("CERT_REVOKED"), {
      platform: () => ({ revoked: [name] }),
    }),
  ),
];

function withConstraints(ca: boolean): (good: CertificateDraft) => CertificateDraft {
  return (good) =>
    template({
      extensions: good.template.extensions.map((one) =>
        one.oid === OID.basicConstraints ? extension.basicConstraints(ca) : one,
      ),
    })(good);
}

/** Swaps two letters of base64 in the first certificate, near its end, where its signature is. */
function damagePckCertificate(quote: Uint8Array): Uint8Array {
  const text = new TextDecoder("latin1").decode(quote);
  const end = text.indexOf("-----END CERTIFICATE-----");
  const at = text.lastIndexOf("\n", end - 2) - 20;
  return quote.with(at, quote[at] === 0x41 ? 0x42 : 0x41);
}

const CRL_CASES: readonly EvidenceScenario[] = (["rootCrl", "pckCrl"] as const).flatMap((part) => {
  const member = part === "rootCrl" ? "rootCaCrl" : "pckCrl";
  const replaced = (hex: string): DcapDeviation => ({
    endorsements: (good) => ({ vendor: "intel", collateral: { ...good, [member]: hex } }),
  });
  return [
    dcapScenario(`no ${part}`, "sgx", refusedWith("CRL_MISSING"), replaced("")),
    dcapScenario(`${part} of other bytes`, "sgx", refusedWith("CRL_MALFORMED"), replaced("3000")),
    dcapScenario(`${part} without number`, "tdx", refusedWith("CRL_MALFORMED"), {
      collateral: () => ({
        crl: (at, good) =>
          at === part
            ? { ...good, extensions: good.extensions.filter(({ oid }) => oid !== OID.crlNumber) }
            : good,
      }),
    }),
    dcapScenario(`${part} of another issuer`, "sgx", refusedWith("CRL_ISSUER_MISMATCH"), {
      endorsements: (good) => ({
        vendor: "intel",
        collateral: {
          ...good,
          rootCaCrl: good.pckCrl,
          pckCrl: good.rootCaCrl,
          ...keep(part, good),
        },
      }),
    }),
    dcapScenario(`${part} that nobody signed`, "sgx", refusedWith("CRL_SIGNATURE_INVALID"), {
      collateral: ({ stranger }) => ({ signer: (what) => (what === part ? stranger : undefined) }),
    }),
    dcapScenario(`${part} expired`, "sgx", refusedWith("CRL_EXPIRED"), {
      platform: dated(part, -8),
    }),
    dcapScenario(`${part} from tomorrow`, "tdx", refusedWith("CRL_NOT_YET_VALID"), {
      platform: dated(part, 1),
    }),
  ];
});

/** The list that is not the one in question stays. */
function keep(
  part: "rootCrl" | "pckCrl",
  good: { readonly rootCaCrl: string; readonly pckCrl: string },
): { readonly rootCaCrl?: string; readonly pckCrl?: string } {
  return part === "rootCrl" ? { pckCrl: good.pckCrl } : { rootCaCrl: good.rootCaCrl };
}

/** What is wrong with the certificates and revocation lists of an Intel platform. */
export const CERTIFICATE_SCENARIOS: readonly EvidenceScenario[] = [
  ...CERTIFICATE_TIMES,
  ...CERTIFICATE_CASES,
  ...CRL_CASES,
];
