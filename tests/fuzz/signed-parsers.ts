import { AttestationError, createDcapVerifier, verifyEar } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { type EcKey, ecdsaFromDer, importEcKey } from "@carrara/pki";
import { type SignedMember, signJson } from "./signing-platform.ts";
import { parser, seedsOf, type Target, textOf } from "./target.ts";
import type { FuzzWorld, SigningPlatform } from "./world.ts";

const P256_BYTES = 32;
/** A signature made and some verified a run: worth the time of ten others each. */
const SIGNING_WEIGHT = 0.5;
/** Codes of text that is not what it ought to be, rather than about something else. */
const UNREADABLE = /^(?:TCB_INFO|QE_IDENTITY)_(?:MALFORMED|UNSUPPORTED_VERSION|SIGNATURE_INVALID)$/;

/** Readers that look at signed text only: a key of ours signs whatever the text became. */
export async function signedParserTargets({ signing, ear }: FuzzWorld): Promise<Target[]> {
  const key = await importEcKey("P-256", signing.pkcs8, signing.spki);
  const { sgxTcbInfo, tdxTcbInfo, qeIdentity } = signing.texts;
  return [
    bodyTarget("tcb-info", "tcbInfo", "sgx", sgxTcbInfo, signing, key),
    bodyTarget("tdx-tcb-info", "tcbInfo", "tdx", tdxTcbInfo, signing, key),
    bodyTarget("qe-identity", "enclaveIdentity", "sgx", qeIdentity, signing, key),
    {
      ...parser,
      name: "ear-claims",
      grammar: "json",
      seeds: seedsOf([ear.payload]),
      weight: SIGNING_WEIGHT,
      read: async (input) => await verifyEar(await signJws(input, key), signing.spki, ear.now),
    },
    {
      ...parser,
      name: "ear",
      seeds: seedsOf([ear.jws]),
      weight: 2,
      read: async (input) => await verifyEar(textOf(input), signing.spki, ear.now),
    },
  ];
}

function bodyTarget(
  name: string,
  member: SignedMember,
  tee: "sgx" | "tdx",
  texts: readonly string[],
  { collateral, quotes, anchor, now }: SigningPlatform,
  { signer }: EcKey,
): Target {
  const verifier = createDcapVerifier();
  const field = member === "tcbInfo" ? "tcbInfo" : "qeIdentity";
  return {
    ...parser,
    name,
    grammar: "json",
    seeds: seedsOf(texts.map(utf8)),
    weight: SIGNING_WEIGHT,
    read: async (input) => {
      const signed = await signJson(member, textOf(input), signer);
      const endorsements = { ...collateral, [field]: signed };
      const work = verifier.verify({ quote: quotes[tee], collateral: endorsements, anchor, now });
      return await readOrRefused(work);
    },
  };
}

/** The quote itself proves nothing, so that every refusal that is not the text's means it was read. */
async function readOrRefused(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AttestationError && !UNREADABLE.test(error.code)) return error.code;
    throw error;
  }
}

async function signJws(payload: Uint8Array, { signer }: EcKey): Promise<string> {
  const part = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  const signed = `${part(utf8('{"alg":"ES256","typ":"eat+jwt"}'))}.${part(payload)}`;
  return `${signed}.${part(ecdsaFromDer(await signer.sign(utf8(signed)), P256_BYTES))}`;
}
