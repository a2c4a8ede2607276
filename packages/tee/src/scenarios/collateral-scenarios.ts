import type { TcbInfoText, VerificationErrorCode } from "@carrara/attestation";
import { dated } from "./clock.ts";
import { type DcapDeviation, dcapScenario } from "./dcap-scenario.ts";
import { type EvidenceScenario, refusedWith } from "./evidence-scenario.ts";

/** Cases that TCB info and QE identity share. */
function documentCases(
  member: "tcbInfo" | "enclaveIdentity",
  prefix: "TCB_INFO" | "QE_IDENTITY",
): readonly EvidenceScenario[] {
  const part = member === "tcbInfo" ? "tcbInfo" : "qeIdentity";
  const code = (rest: string) => refusedWith(`${prefix}_${rest}` as VerificationErrorCode);
  const text = (change: (good: string) => string): DcapDeviation => ({
    collateral: () => ({ text: (at, good) => (at === member ? change(good) : good) }),
  });
  return [
    dcapScenario(`${part} with a member twice`, "sgx", code("MALFORMED"), {
      ...text((good) => good.replace("{", '{"id":"SGX",')),
    }),
    dcapScenario(`${part} that is no signed document`, "tdx", code("MALFORMED"), {
      endorsements: (good) => ({ vendor: "intel", collateral: { ...good, [part]: "{}" } }),
    }),
    dcapScenario(`${part} of version 1`, "sgx", code("UNSUPPORTED_VERSION"), {
      ...text((good) => good.replace(/"version":\d/, '"version":1')),
    }),
    dcapScenario(`${part} that nobody signed`, "sgx", code("SIGNATURE_INVALID"), {
      collateral: ({ stranger }) => ({
        signer: (what) => (what === member ? stranger : undefined),
      }),
    }),
    dcapScenario(`${part} changed after signing`, "tdx", code("SIGNATURE_INVALID"), {
      endorsements: (good) => ({
        vendor: "intel",
        collateral: { ...good, [part]: good[part].replace("UpToDate", "OutOfDate") },
      }),
    }),
    dcapScenario(`${part} expired`, "tdx", code("EXPIRED"), { platform: dated(part, -8) }),
    dcapScenario(`${part} from tomorrow`, "sgx", code("NOT_YET_VALID"), {
      platform: dated(part, 1),
    }),
  ];
}

const BINDING_CASES: readonly EvidenceScenario[] = [
  dcapScenario("tcb info of another family", "sgx", refusedWith("TCB_INFO_MISMATCH"), {
    collateral: () => ({ tcbInfo: (good) => ({ ...good, fmspc: "00906ED50000" }) }),
  }),
  dcapScenario("tcb info of another pce", "tdx", refusedWith("TCB_INFO_MISMATCH"), {
    collateral: () => ({ tcbInfo: (good) => ({ ...good, pceId: "0001" }) }),
  }),
  dcapScenario("tcb info of sgx for a td", "tdx", refusedWith("TCB_INFO_MISMATCH"), {
    collateral: () => ({ text: (_, good) => good.replace('"id":"TDX"', '"id":"SGX"') }),
  }),
  dcapScenario("identity of the qe of sgx for a td", "tdx", refusedWith("QE_IDENTITY_MISMATCH"), {
    collateral: () => ({ qeIdentity: (good) => ({ ...good, id: "QE" }) }),
  }),
  dcapScenario("identity of the qve", "sgx", refusedWith("QE_IDENTITY_MISMATCH"), {
    collateral: () => ({ text: (_, good) => good.replace('"id":"QE"', '"id":"QVE"') }),
  }),
  dcapScenario("module of another signer", "tdx", refusedWith("TDX_MODULE_MISMATCH"), {
    collateral: () => ({ tcbInfo: withModuleSigner("11".repeat(48)) }),
  }),
  dcapScenario("tcb status that nobody knows", "sgx", refusedWith("TCB_STATUS_UNRECOGNIZED"), {
    collateral: () => ({ text: (_, good) => good.replace('"UpToDate"', '"Splendid"') }),
  }),
  dcapScenario("endorsements of another vendor", "sgx", refusedWith("COLLATERAL_UNAVAILABLE"), {
    endorsements: () => ({ vendor: "amd" }),
  }),
];

function withModuleSigner(mrSigner: string): (good: TcbInfoText) => TcbInfoText {
  return (good) => {
    if (good.tdx === undefined) return good;
    const { module, identities } = good.tdx;
    return {
      ...good,
      tdx: { module, identities: identities.map((identity) => ({ ...identity, mrSigner })) },
    };
  };
}

/** What is wrong with what Intel says of a platform and its quoting enclave. */
export const COLLATERAL_SCENARIOS: readonly EvidenceScenario[] = [
  ...documentCases("tcbInfo", "TCB_INFO"),
  ...documentCases("enclaveIdentity", "QE_IDENTITY"),
  ...BINDING_CASES,
];
