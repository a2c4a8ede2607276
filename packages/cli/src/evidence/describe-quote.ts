import {
  parseQuote,
  pckChainOf,
  type Quote,
  type SgxReportBody,
  type TdReport,
} from "@carrara/attestation";
import { parsePem } from "@carrara/encoding";
import { MISC_FLAGS, SGX_FLAGS, setBits, TD_FLAGS, XSAVE_FEATURES } from "./bit-names.ts";
import { describeDer, trying } from "./describe-certificate.ts";
import { type Fact, fact, facts, noted, type Part } from "./facts.ts";

const CERT_DATA_NAMES: Readonly<Record<number, string>> = {
  1: "PPID in clear",
  2: "PPID encrypted with RSA-2048",
  3: "PPID encrypted with RSA-3072",
  4: "PCK certificate",
  5: "PCK certificate chain",
  6: "QE report and certification data",
};
const HEADER_BYTES = 48;

/** Every field of a quote, by part. Throws the `QUOTE_…` codes. */
export function describeQuote(bytes: Uint8Array): Part[] {
  const quote = parseQuote(bytes);
  return [
    { key: "header", title: `Header (${HEADER_BYTES} bytes)`, facts: headerFacts(quote) },
    describeBody(quote),
    describeAuthData(quote),
    ...describeCertification(quote),
  ];
}

function headerFacts({ header, bodyType, trailingBytes }: Quote): Fact[] {
  const { version, attestationKeyType, teeType, qeSvn, pceSvn, qeVendorId, userData } = header;
  return facts({
    version,
    attestationKeyType: noted(attestationKeyType, "ECDSA on P-256"),
    teeType: noted(teeType, teeType === 0 ? "SGX" : "TDX"),
    qeSvn,
    pceSvn,
    qeVendorId: noted(qeVendorId, "Intel"),
    userData,
    bodyType,
    trailingBytes: trailingBytes > 0 ? noted(trailingBytes, "nothing vouches for them") : 0,
  });
}

function describeBody(quote: Quote): Part {
  if (quote.tee === "sgx") {
    return { key: "body", title: "SGX report body (384 bytes)", facts: enclaveFacts(quote.body) };
  }
  const { version, raw } = quote.body;
  const title = `TD report ${version} (${raw.length} bytes)`;
  return { key: "body", title, facts: tdFacts(quote.body) };
}

function enclaveFacts({ raw: _, attributes, ...body }: SgxReportBody): Fact[] {
  const { cpuSvn, miscSelect, isvExtProdId, debug, ...rest } = body;
  return facts({
    cpuSvn,
    miscSelect,
    miscSelectFlags: setBits(miscSelect, MISC_FLAGS),
    isvExtProdId,
    attributes,
    attributeFlags: setBits(attributes.subarray(0, 8), SGX_FLAGS),
    xfrm: setBits(attributes.subarray(8), XSAVE_FEATURES),
    ...rest,
    debug: debug ? noted(debug, "the host can read its memory") : debug,
  });
}

function tdFacts({ raw: _, version, debug, ...registers }: TdReport): Fact[] {
  const { teeTcbSvn, mrSeam, mrSignerSeam, seamAttributes, tdAttributes, xfam, ...rest } =
    registers;
  const [minor, major, loader] = teeTcbSvn;
  return facts({
    version,
    teeTcbSvn: noted(teeTcbSvn, `TDX module ${major}, SVN ${minor}, SEAM loader SVN ${loader}`),
    mrSeam,
    mrSignerSeam,
    seamAttributes,
    tdAttributes,
    tdAttributeFlags: setBits(tdAttributes, TD_FLAGS),
    xfam,
    xfamFeatures: setBits(xfam, XSAVE_FEATURES),
    ...rest,
    debug: debug ? noted(debug, "the host can look inside") : debug,
  });
}

function describeAuthData(quote: Quote): Part {
  const { authDataSize, signature, attestationKey, outerCertDataType } = quote;
  return {
    key: "authData",
    title: `Auth data (${authDataSize} bytes)`,
    facts: facts({ size: authDataSize, signature, attestationKey, outerCertDataType }),
  };
}

function describeCertification(quote: Quote): Part[] {
  const { qeReport, qeReportSignature, qeAuthData, certDataType, certData } = quote;
  const certificates: Uint8Array[] = [];
  const reading = trying(() => {
    certificates.push(...chainOf(quote));
    return [];
  });
  return [
    {
      key: "qeReport",
      title: "Report of the quoting enclave (384 bytes)",
      facts: [
        ...enclaveFacts(qeReport),
        ...facts({ qeReportSignature, qeAuthData, qeAuthDataSize: qeAuthData.length }),
      ],
    },
    {
      key: "certification",
      title: `Certification data (${certData.length} bytes)`,
      facts: [
        fact("certDataType", noted(certDataType, CERT_DATA_NAMES[certDataType] ?? "unknown")),
        fact("size", certData.length),
        ...platformIdFacts(certDataType, certData),
        ...reading,
      ],
    },
    ...certificates.flatMap((der) => describeDer(der)),
  ];
}

function chainOf(quote: Quote): Uint8Array[] {
  const chain = pckChainOf(quote);
  if (chain === undefined) return [];
  return parsePem(chain.split("\0", 1)[0] ?? "").map(({ bytes }) => bytes);
}

/** What names the platform in quotes that carry no certificate (section 1.5). */
function platformIdFacts(certDataType: number, data: Uint8Array): Fact[] {
  const ppidBytes = { 1: 16, 2: 256, 3: 384 }[certDataType];
  if (ppidBytes === undefined) return certDataType === 4 ? [fact("pckCertificate", data)] : [];
  const rest = data.subarray(ppidBytes);
  const name = certDataType === 1 ? "ppid" : "encryptedPpid";
  if (rest.length !== 20) return [fact("data", data)];
  return facts({
    [name]: data.subarray(0, ppidBytes),
    cpuSvn: rest.subarray(0, 16),
    pceSvn: new DataView(rest.buffer, rest.byteOffset).getUint16(16, true),
    pceId: rest.subarray(18),
  });
}

/** `SGX quote of version 3`, for headings. */
export function quoteTitle(bytes: Uint8Array): string {
  const { tee, header } = parseQuote(bytes);
  return `${tee.toUpperCase()} quote of version ${header.version}`;
}
