import { createHash } from "node:crypto";
import { encodeEvidence } from "@carrara/attestation";
import { concatBytes, utf8 } from "@carrara/encoding";
import {
  commonName,
  extension,
  generateEcKey,
  issueCertificate,
  OID,
  randomSerial,
} from "@carrara/pki";
import type { Tee } from "@carrara/tee";
import { type QuoteClaims, requireAcceptedQuote } from "../core/quote-policy.ts";
import { CoordinatorError } from "../error.ts";
import type { QuoteVerifier } from "../quote-verifier.ts";
import type { SealPolicy } from "../store/sealing.ts";
import { peerPackage } from "./peer-policy.ts";

/** Before the certificate: evidence made for a Marble's activation says nothing here. */
const DOMAIN = utf8("carrara key hand-over\0");
/** Milliseconds a certificate lasts: one exchange, or one run of a server. */
const VALID_FOR_MS = 365 * 24 * 3600 * 1000;

/** What a Coordinator shows to another one. */
export interface PeerIdentity {
  /** DER, self-signed. */
  readonly certificate: Uint8Array;
  /** DER PKCS#8; secret. */
  readonly pkcs8: Uint8Array;
  /** Evidence over the certificate. */
  readonly evidence: Uint8Array;
  /** What verifying the own evidence gave: peers are measured by it. */
  readonly claims: QuoteClaims;
}

/** What identities are made of and verified with. */
export interface PeerAttestation {
  readonly tee: Pick<Tee, "getEvidence">;
  readonly quotes: Pick<QuoteVerifier, "verify">;
  readonly clock: () => Date;
}

/** Makes a key, a certificate and evidence over it. Throws `QUOTE_FAILED`, and as verifying does. */
export async function createPeerIdentity(deps: PeerAttestation): Promise<PeerIdentity> {
  const { spki, pkcs8, signer } = await generateEcKey("P-384");
  const name = commonName("Carrara Coordinator");
  const now = deps.clock();
  const certificate = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: name,
      subject: name,
      notBefore: now,
      notAfter: new Date(now.getTime() + VALID_FOR_MS),
      spki,
      extensions: [
        extension.keyUsage("digitalSignature"),
        extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
        extension.basicConstraints(false),
      ],
    },
    signer,
  );
  const evidence = await evidenceOver(certificate, deps.tee);
  return { certificate, pkcs8, evidence, claims: await deps.quotes.verify(evidence) };
}

async function evidenceOver(
  certificate: Uint8Array,
  tee: PeerAttestation["tee"],
): Promise<Uint8Array> {
  const digest = createHash("sha256").update(concatBytes(DOMAIN, certificate)).digest();
  try {
    return encodeEvidence(await tee.getEvidence(digest));
  } catch (cause) {
    throw new CoordinatorError("QUOTE_FAILED", "the platform gave no quote", { cause });
  }
}

/**
 * Verifies a peer's evidence over the certificate of its TLS connection, and that it is a Coordinator
 * like this one. Throws `QUOTE_…`, `PACKAGE_…`, `COLLATERAL_UNAVAILABLE`.
 */
export async function requirePeer(
  own: PeerIdentity,
  peer: { readonly evidence: Uint8Array; readonly certificate: Uint8Array },
  policy: SealPolicy,
  quotes: PeerAttestation["quotes"],
): Promise<void> {
  const claims = await quotes.verify(peer.evidence);
  const bound = concatBytes(DOMAIN, peer.certificate);
  requireAcceptedQuote(claims, peerPackage(own.claims, policy), bound);
}
