import { parseQuote } from "@carrara/attestation";
import { concatBytes, encodePem, fromHex } from "@carrara/encoding";
import { dcapScenario } from "./dcap-scenario.ts";
import { type EvidenceScenario, refusedWith } from "./evidence-scenario.ts";

const TEE_TYPE_OFFSET = 4;
const VENDOR_OFFSET = 12;
const BODY_TYPE_OFFSET = 48;

/** Sets one byte. */
function poke(offset: number, value: number): (quote: Uint8Array) => Uint8Array {
  return (quote) => quote.with(offset, value);
}

/** Sets the type of the innermost certification data, which lies six bytes before it. */
function pokeCertDataType(type: number): (quote: Uint8Array) => Uint8Array {
  return (quote) => {
    const { certData } = parseQuote(quote);
    return quote.with(certData.byteOffset - quote.byteOffset - 6, type);
  };
}

/** Declares, and has, one byte more of auth data than there is content for. */
function lengthenAuthData(quote: Uint8Array): Uint8Array {
  const { signedBytes, authDataSize } = parseQuote(quote);
  const longer = concatBytes(quote, new Uint8Array(1));
  new DataView(longer.buffer).setUint32(signedBytes.length, authDataSize + 1, true);
  return longer;
}

const FORGED = refusedWith("QUOTE_SIGNATURE_INVALID");

const FORMS: readonly EvidenceScenario[] = [
  dcapScenario("quote cut in its body", "sgx", refusedWith("QUOTE_TRUNCATED"), {
    bytes: (quote) => quote.slice(0, 100),
  }),
  dcapScenario("quote cut in its auth data", "tdx", refusedWith("QUOTE_TRUNCATED"), {
    bytes: (quote) => quote.slice(0, -1),
  }),
  dcapScenario("auth data longer than its parts", "sgx", refusedWith("QUOTE_LENGTH_MISMATCH"), {
    bytes: lengthenAuthData,
  }),
  dcapScenario("auth data longer than its parts", "tdx", refusedWith("QUOTE_LENGTH_MISMATCH"), {
    bytes: lengthenAuthData,
  }),
  dcapScenario("byte after a quote that must be exact", "sgx", refusedWith("QUOTE_TRAILING_DATA"), {
    bytes: (quote) => concatBytes(quote, new Uint8Array(1)),
    exact: true,
  }),
  dcapScenario("quote of version 6", "sgx", refusedWith("QUOTE_UNSUPPORTED_VERSION"), {
    bytes: poke(0, 6),
  }),
  dcapScenario("td in a quote of version 3", "sgx", refusedWith("QUOTE_UNSUPPORTED_TEE_TYPE"), {
    bytes: poke(TEE_TYPE_OFFSET, 0x81),
  }),
  dcapScenario("unknown tee type", "tdx", refusedWith("QUOTE_UNSUPPORTED_TEE_TYPE"), {
    bytes: poke(TEE_TYPE_OFFSET, 0x82),
  }),
  dcapScenario("attestation key on P-384", "sgx", refusedWith("QUOTE_UNSUPPORTED_KEY_TYPE"), {
    bytes: poke(2, 3),
  }),
  dcapScenario("qe of another vendor", "sgx", refusedWith("QUOTE_UNKNOWN_QE_VENDOR"), {
    bytes: poke(VENDOR_OFFSET, 0),
  }),
  dcapScenario("sgx body in a quote of a td", "tdx", refusedWith("QUOTE_BODY_TYPE"), {
    platform: () => ({ quoteVersion: 5 }),
    bytes: poke(BODY_TYPE_OFFSET, 1),
  }),
  dcapScenario("platform manifest for a chain", "sgx", refusedWith("QUOTE_CERT_DATA_TYPE"), {
    bytes: pokeCertDataType(7),
  }),
  dcapScenario("encrypted ppid and no chain anywhere", "sgx", refusedWith("PCK_CERT_UNAVAILABLE"), {
    bytes: pokeCertDataType(3),
  }),
];

const SIGNATURES: readonly EvidenceScenario[] = [
  dcapScenario("attestation key off the curve", "sgx", refusedWith("QUOTE_KEY_INVALID"), {
    quote: () => ({ attestationKey: new Uint8Array(64).fill(1) }),
  }),
  dcapScenario("quote signed by another key", "sgx", FORGED, {
    quote: ({ stranger }) => ({ signers: { quote: stranger } }),
  }),
  dcapScenario("quote signed by another key", "tdx", FORGED, {
    quote: ({ stranger }) => ({ signers: { quote: stranger } }),
  }),
  dcapScenario("measurement changed after signing", "sgx", FORGED, {
    bytes: (quote) => quote.with(48 + 64, (quote[48 + 64] ?? 0) ^ 1),
  }),
  dcapScenario("rtmr changed after signing", "tdx", FORGED, {
    bytes: (quote) => quote.with(48 + 328, (quote[48 + 328] ?? 0) ^ 1),
  }),
  dcapScenario("body size changed after signing", "tdx", refusedWith("QUOTE_BODY_TYPE"), {
    platform: () => ({ quoteVersion: 5 }),
    bytes: poke(BODY_TYPE_OFFSET + 2, 0),
  }),
  dcapScenario("qe report signed by no pck", "sgx", refusedWith("QE_REPORT_SIGNATURE_INVALID"), {
    quote: ({ stranger }) => ({ signers: { qeReport: stranger } }),
  }),
  dcapScenario("qe vouches for another key", "sgx", refusedWith("QE_REPORT_DATA_MISMATCH"), {
    quote: () => ({ qeReport: { reportData: new Uint8Array(64) } }),
  }),
  dcapScenario("qe adds to its report data", "tdx", refusedWith("QE_REPORT_DATA_MISMATCH"), {
    quote: () => ({ qeReport: { reportData: new Uint8Array(64).fill(1, 32) } }),
  }),
];

const QUOTING_ENCLAVE: readonly EvidenceScenario[] = [
  dcapScenario("qe under debug", "sgx", refusedWith("QE_IDENTITY_MISMATCH"), {
    quote: () => ({ qeReport: { attributes: fromHex("17000000000000000300000000000000") } }),
  }),
  dcapScenario("qe of another signer", "sgx", refusedWith("QE_IDENTITY_MISMATCH"), {
    quote: () => ({ qeReport: { mrSigner: new Uint8Array(32) } }),
  }),
  dcapScenario("sgx's qe quotes a td", "tdx", refusedWith("QE_IDENTITY_MISMATCH"), {
    quote: () => ({ qeReport: { isvProdId: 1 } }),
  }),
];

const CHAIN_TEXT: readonly EvidenceScenario[] = [
  dcapScenario("chain of bytes that are no certificates", "sgx", refusedWith("CERT_MALFORMED"), {
    quote: () => ({ pckChainPem: encodePem("CERTIFICATE", fromHex("3000")).repeat(3) }),
  }),
  dcapScenario("chain without certificates", "sgx", refusedWith("CERT_CHAIN_INVALID"), {
    quote: () => ({ pckChainPem: "" }),
  }),
];

/** What is wrong with a quote itself. */
export const QUOTE_SCENARIOS: readonly EvidenceScenario[] = [
  ...FORMS,
  ...SIGNATURES,
  ...QUOTING_ENCLAVE,
  ...CHAIN_TEXT,
];
