import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  parseEvidencePolicy,
  type SgxPolicy,
  type SnpPolicy,
  type TdxPolicy,
} from "@carrara/attestation";
import { expect, test } from "vitest";

const PAGE = readFileSync(
  fileURLToPath(new URL("../../docs/evidence-policy.md", import.meta.url)),
  "utf8",
);

/** Every member of the three policies; one that is added to a type and not here does not compile. */
const MEMBERS: Readonly<Record<keyof SgxPolicy | keyof TdxPolicy | keyof SnpPolicy, true>> = {
  measurement: true,
  reportData: true,
  acceptedStatuses: true,
  allowedAdvisories: true,
  minTcbEvaluationDataNumber: true,
  maxCollateralAgeSeconds: true,
  graceSeconds: true,
  acceptSimulation: true,
  allowDebug: true,
  attributes: true,
  mrConfigId: true,
  mrOwner: true,
  mrOwnerConfig: true,
  tdAttributes: true,
  xfam: true,
  mrServiceTd: true,
  allowSeptVe: true,
  allowMigratable: true,
  allowUnknownAttributes: true,
  vmpl: true,
  allowMigrationAgent: true,
  permitProvisionalFirmware: true,
  requireCrl: true,
  minTcb: true,
  minAbi: true,
  guestPolicy: true,
  platformInfo: true,
  idKeyDigests: true,
  authorKeyDigests: true,
  hostData: true,
  cspIds: true,
  minLaunchMitVector: true,
  minCurrentMitVector: true,
};

test("the page on policies describes every member, and none that is gone", () => {
  const rows = [...PAGE.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
  );
  expect([...new Set(rows)].sort()).toEqual(Object.keys(MEMBERS).sort());
});

test("its example is a policy", () => {
  const [, example = ""] = /```json\n([\s\S]*?)```/.exec(PAGE) ?? [];
  expect(Object.keys(parseEvidencePolicy(example))).toEqual(["sgx", "tdx", "snp"]);
});
