import {
  CERT_TABLE_GUID,
  decodeSnpTcb,
  parseCertTable,
  parseSnpReport,
  type SnpReport,
} from "@carrara/attestation";
import { describeDer } from "./describe-certificate.ts";
import { type Fact, fact, facts, noted, type Part } from "./facts.ts";

/** Privilege level of a report that the host asked for. */
const HOST_VMPL = 0xffff_ffff;
const ENTRY_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(CERT_TABLE_GUID).map(([name, guid]) => [guid, name.toUpperCase()]),
);

/** Every field of a report, and of the certificates behind it. Throws `REPORT_…`, `VEK_FORMAT`. */
export function describeSnp(bytes: Uint8Array, certTable: Uint8Array): Part[] {
  const report = parseSnpReport(bytes);
  return [
    { key: "report", title: `SEV-SNP report (${bytes.length} bytes)`, facts: reportFacts(report) },
    { key: "guest", title: "Guest", facts: guestFacts(report) },
    { key: "platform", title: "Platform", facts: platformFacts(report) },
    ...describeTable(certTable),
  ];
}

function reportFacts(report: SnpReport): Fact[] {
  const { version, layout, vmpl, signatureAlgo, signerInfo, signature, raw } = report;
  return facts({
    version: version === layout ? version : noted(version, `read with the layout of ${layout}`),
    vmpl: vmpl === HOST_VMPL ? noted(vmpl, "the host asked for this report") : vmpl,
    signatureAlgo: noted(signatureAlgo, "ECDSA on P-384 with SHA-384"),
    ...signerInfo,
    signature: noted(signature, "r and s, big endian"),
    size: raw.length,
  });
}

function guestFacts(report: SnpReport): Fact[] {
  const { abiMajor, abiMinor, ...flags } = report.policyBits;
  return facts({
    measurement: report.measurement,
    reportData: report.reportData,
    hostData: report.hostData,
    guestSvn: report.guestSvn,
    familyId: report.familyId,
    imageId: report.imageId,
    idKeyDigest: report.idKeyDigest,
    authorKeyDigest: report.authorKeyDigest,
    reportId: report.reportId,
    reportIdMa: report.reportIdMa,
    policy: report.policy,
    policyFlags: setFlags(flags),
    policyMinAbi: `${abiMajor}.${abiMinor}`,
  });
}

function platformFacts(report: SnpReport): Fact[] {
  const { product, cpuid, currentVersion, committedVersion } = report;
  const versionText = ({ major, minor, build }: typeof currentVersion): string =>
    `${major}.${minor}.${build}`;
  return [
    ...facts({
      product: product ?? noted(null, "not named by the report"),
      ...(cpuid === undefined ? {} : { cpuid: { ...cpuid } }),
      chipId: report.chipId,
      platformInfo: report.platformInfo,
      platformInfoFlags: setFlags(report.platformInfoBits),
    }),
    ...(["currentTcb", "reportedTcb", "committedTcb", "launchTcb"] as const).flatMap((name) =>
      tcbFacts(report, name),
    ),
    ...facts({
      currentVersion: versionText(currentVersion),
      committedVersion: versionText(committedVersion),
      launchMitVector: report.launchMitVector,
      currentMitVector: report.currentMitVector,
    }),
  ];
}

/** The bytes of a TCB version, and its components where the product tells their order. */
function tcbFacts(
  report: SnpReport,
  name: "currentTcb" | "reportedTcb" | "committedTcb" | "launchTcb",
): Fact[] {
  const { product } = report;
  const raw = fact(name, report[name]);
  if (product === undefined) return [raw];
  return [raw, fact(`${name}Parts`, { ...decodeSnpTcb(report[name], product) })];
}

function setFlags(flags: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(flags).flatMap(([name, set]) => (set ? [name] : []));
}

function describeTable(table: Uint8Array): Part[] {
  if (table.length === 0) return [];
  const entries = parseCertTable(table);
  const listed = entries.map(({ guid, data }) => {
    const name = ENTRY_NAMES.get(guid);
    return fact(name ?? guid, `${data.length} bytes${name === undefined ? "" : `, ${guid}`}`);
  });
  const known = entries.filter(({ guid, data }) => ENTRY_NAMES.has(guid) && data.length > 0);
  return [
    { key: "certTable", title: `Certificate table (${table.length} bytes)`, facts: listed },
    ...known.flatMap(({ data, guid }) => describeDer(data, ENTRY_NAMES.get(guid) ?? guid)),
  ];
}
