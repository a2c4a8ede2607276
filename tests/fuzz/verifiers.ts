import {
  AttestationError,
  createDcapVerifier,
  createSnpVerifier,
  type DcapCollateral,
  verifyEar,
  verifyRaTls,
  verifySigstruct,
} from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import {
  certTableParts,
  chainParts,
  hexPart,
  quoteParts,
  signedBodyParts,
  sigstructParts,
  wholePart,
} from "./relied-on.ts";
import { KIB, type Seed, type Target, textOf } from "./target.ts";
import type { DcapCase, FuzzWorld, RaTlsCase, SnpCase } from "./world.ts";

/** Every verifier of what is signed, each over evidence and endorsements that verify unchanged. */
export function verifierTargets(world: FuzzWorld): Target[] {
  const { dcap, snp, raTls, seeds, signing, ear } = world;
  return [
    ...dcap.map(dcapTarget),
    ...snp.map(snpTarget),
    ...raTls.map(raTlsTarget),
    {
      ...verifier,
      name: "verify sigstruct",
      seeds: (seeds["sigstruct"] ?? []).map((bytes) => ({ part: "sigstruct", bytes })),
      read: verifySigstruct,
      reliedOn: sigstructParts,
    },
    {
      ...verifier,
      name: "verify ear",
      seeds: [{ part: "jws", bytes: ear.jws }],
      read: async (input) => await verifyEar(textOf(input), signing.spki, ear.now),
      reliedOn: (input) => wholePart(utf8(textOf(input))),
    },
  ];
}

const verifier = {
  kind: "verifier",
  grammar: "bytes",
  refusals: [AttestationError],
  maxBytes: 64 * KIB,
  weight: 1,
} as const;

/** What is relied on in each part of collateral; the issuers of the PCK CRL are those of the PCK. */
const COLLATERAL_PARTS = {
  tcbInfo: (text) => signedBodyParts("tcbInfo", text),
  tcbInfoIssuerChain: chainParts,
  qeIdentity: (text) => signedBodyParts("enclaveIdentity", text),
  qeIdentityIssuerChain: chainParts,
  pckCrl: hexPart,
  rootCaCrl: hexPart,
} as const satisfies Partial<Record<keyof DcapCollateral, (text: string) => readonly string[]>>;

function dcapTarget({ name, quote, collateral, anchor, now }: DcapCase): Target {
  const verifiers = createDcapVerifier();
  const fields = Object.entries(COLLATERAL_PARTS) as [keyof typeof COLLATERAL_PARTS, PartReader][];
  const quotes: Seed[] = [{ part: "quote", bytes: quote }];
  const readers = new Map<string, PartReader>(fields);
  return {
    ...verifier,
    name: `verify ${name}`,
    // As often the quote as everything else.
    seeds: [
      ...fields.flatMap(() => quotes),
      ...fields.map(([field]) => ({ part: field, bytes: utf8(collateral[field]) })),
    ],
    maxBytes: 128 * KIB,
    read: async (input, part) =>
      await verifiers.verify(
        part === "quote"
          ? { quote: input, collateral, anchor, now }
          : { quote, collateral: { ...collateral, [part]: textOf(input) }, anchor, now },
      ),
    reliedOn: (input, part) =>
      part === "quote" ? quoteParts(input) : (readers.get(part)?.(textOf(input)) ?? []),
  };
}

type PartReader = (text: string) => readonly string[];

function snpTarget({ name, report, vek, chain, crl, certTable, anchors, now }: SnpCase): Target {
  const verifiers = createSnpVerifier();
  const trusted = anchors === undefined ? { now } : { anchors, now };
  const given = { report, vek, chain, ...(crl === undefined ? {} : { crl }), ...trusted };
  const reports: Seed[] = [{ part: "report", bytes: report }];
  return {
    ...verifier,
    name: `verify ${name}`,
    seeds: [
      ...reports,
      ...reports,
      { part: "vek", bytes: vek },
      { part: "chain", bytes: utf8(chain) },
      ...(crl === undefined ? [] : [{ part: "crl", bytes: crl }]),
      ...(certTable === undefined ? [] : [{ part: "certTable", bytes: certTable }]),
    ],
    read: async (input, part) =>
      await verifiers.verify(
        part === "certTable"
          ? { report, certTable: input, ...trusted }
          : { ...given, [part]: part === "chain" ? textOf(input) : input },
      ),
    reliedOn: (input, part) => {
      if (part === "chain") return chainParts(textOf(input));
      return part === "certTable" ? certTableParts(input) : wholePart(input);
    },
  };
}

function raTlsTarget({ name, certificate, endorsements, now }: RaTlsCase): Target {
  const dcap = createDcapVerifier();
  const snp = createSnpVerifier();
  return {
    ...verifier,
    name: `verify ra-tls ${name}`,
    grammar: "der",
    seeds: [{ part: "certificate", bytes: certificate }],
    read: async (input) =>
      await verifyRaTls({
        certificate: input,
        now,
        // Genuine certificates of the past have run out, which is not what is looked for here.
        certValidity: "ignore",
        verifyEvidence: async (evidence) => {
          if ("dcap" in endorsements) {
            const { body } = await dcap.verify({ quote: evidence, ...endorsements.dcap });
            return body;
          }
          return (await snp.verify({ report: evidence, ...endorsements.snp })).claims;
        },
      }),
    reliedOn: wholePart,
  };
}
