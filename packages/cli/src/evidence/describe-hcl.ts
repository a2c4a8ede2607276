import { type HclReport, parseHclReport } from "@carrara/attestation";
import { setBits, TD_FLAGS, XSAVE_FEATURES } from "./bit-names.ts";
import { describeSnp } from "./describe-snp.ts";
import { fact, facts, type Json, noted, type Part } from "./facts.ts";

/** Fields of a TDREPORT that a TD can read on its own machine: name, offset, bytes. */
const TDREPORT_FIELDS = [
  ["cpuSvn", 16, 16],
  ["reportData", 128, 64],
  ["mac", 224, 32],
  ["tdAttributes", 512, 8],
  ["xfam", 520, 8],
  ["mrTd", 528, 48],
  ["mrConfigId", 576, 48],
  ["mrOwner", 624, 48],
  ["mrOwnerConfig", 672, 48],
  ["rtMr0", 720, 48],
  ["rtMr1", 768, 48],
  ["rtMr2", 816, 48],
  ["rtMr3", 864, 48],
] as const;

/** Every field of Azure's report about a confidential VM. Throws `HCL_MALFORMED`, `REPORT_…`. */
export function describeHcl(bytes: Uint8Array): Part[] {
  const hcl = parseHclReport(bytes);
  const { hardwareReport, variableData: _, variables, ...header } = hcl;
  const { attestationKeyModulus, userData, members } = variables;
  return [
    {
      key: "hcl",
      title: `Azure HCL report (${bytes.length} bytes)`,
      facts: facts({
        ...header,
        attestationKeyModulus: noted(attestationKeyModulus, "key of the virtual TPM"),
        userData: userData ?? null,
      }),
    },
    {
      // By itself: its members can have any name.
      key: "variableData",
      title: `Variable data (${hcl.variableData.length} bytes)`,
      facts: [...members].map(([name, value]) => fact(name, plainJson(value))),
    },
    ...(hcl.reportType === "SNP"
      ? describeSnp(hardwareReport, new Uint8Array())
      : [describeTdReport(hardwareReport)]),
  ];
}

type MemberValue =
  HclReport["variables"]["members"] extends ReadonlyMap<string, infer V> ? V : never;

/** Maps that came from JSON as what JSON has. */
function plainJson(value: MemberValue): Json {
  if (value instanceof Map) {
    return Object.fromEntries(
      [...(value as ReadonlyMap<string, MemberValue>)].map(([name, item]) => [
        name,
        plainJson(item),
      ]),
    );
  }
  if (Array.isArray(value)) return (value as readonly MemberValue[]).map(plainJson);
  return value as Json;
}

function describeTdReport(report: Uint8Array): Part {
  const fields = TDREPORT_FIELDS.map(([name, offset, length]) => {
    const bytes = report.subarray(offset, offset + length);
    if (name === "tdAttributes")
      return [fact(name, bytes), fact("tdAttributeFlags", setBits(bytes, TD_FLAGS))];
    if (name === "xfam")
      return [fact(name, bytes), fact("xfamFeatures", setBits(bytes, XSAVE_FEATURES))];
    return [fact(name, bytes)];
  });
  const title = "TDREPORT (1024 bytes), which only its own machine can check";
  return { key: "body", title, facts: fields.flat() };
}
