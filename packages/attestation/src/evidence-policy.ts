import type { DcapPolicy } from "./dcap/dcap-policy.ts";
import type { SgxMeasurementPolicy, SgxPolicy } from "./dcap/sgx-policy.ts";
import { parseStrictJson, StrictJsonError } from "./dcap/strict-json.ts";
import type { TcbStatus } from "./dcap/tcb-status.ts";
import type { TdxMeasurementPolicy, TdxPolicy } from "./dcap/tdx-policy.ts";
import { AttestationError } from "./error.ts";
import {
  anyOr,
  bytes,
  flag,
  integer,
  listOf,
  type ObjectSchema,
  object,
  oneOf,
  type Reader,
  text,
  word64,
} from "./policy-schema.ts";
import type { GuestPolicyFlag, PlatformInfoFlag } from "./snp/guest-policy.ts";
import type { FlagPolicy, SnpPolicy } from "./snp/policy.ts";
import type { SnpTcb } from "./snp/tcb.ts";

/** What is accepted of each TEE; evidence of one that is left out is refused. */
export interface EvidencePolicy {
  readonly sgx?: SgxPolicy;
  readonly tdx?: TdxPolicy;
  readonly snp?: SnpPolicy;
}

/** Longest document, in characters: a thousand digests are below 128 KiB. */
const MAX_POLICY_CHARACTERS = 256 * 1024;
/** Most advisories, digests and providers that one list names. */
const MAX_ITEMS = 1024;
/** Longest advisory or provider name, in characters; real ones are below 64. */
const MAX_NAME_CHARACTERS = 256;
/** A hundred years. */
const MAX_SECONDS = 100 * 366 * 24 * 60 * 60;
const MAX_U16 = 0xffff;
const MAX_VMPL = 3;

const name = text(MAX_NAME_CHARACTERS);
const reportData = anyOr(bytes(64));

/** A revoked level never verifies, so that no policy can accept one. */
const status = oneOf<Exclude<TcbStatus, "Revoked">>({
  UpToDate: true,
  SWHardeningNeeded: true,
  ConfigurationNeeded: true,
  ConfigurationAndSWHardeningNeeded: true,
  TDRelaunchAdvised: true,
  TDRelaunchAdvisedConfigurationNeeded: true,
  OutOfDate: true,
  OutOfDateConfigurationNeeded: true,
});

const DCAP: ObjectSchema<DcapPolicy> = {
  required: { reportData },
  optional: {
    acceptedStatuses: listOf(status, MAX_ITEMS),
    allowedAdvisories: listOf(name, MAX_ITEMS),
    minTcbEvaluationDataNumber: integer(Number.MAX_SAFE_INTEGER),
    maxCollateralAgeSeconds: integer(MAX_SECONDS),
    graceSeconds: integer(MAX_SECONDS),
    acceptSimulation: flag,
    allowDebug: flag,
  },
};

type SgxMeasurement<K extends string> = Extract<
  SgxMeasurementPolicy,
  { readonly [P in K]: unknown }
>;

const enclave = object<SgxMeasurement<"mrEnclave">>({
  required: { mrEnclave: bytes(32) },
  optional: {},
});
const signer = object<SgxMeasurement<"mrSigner">>({
  required: { mrSigner: bytes(32), isvProdId: integer(MAX_U16), minIsvSvn: integer(MAX_U16) },
  optional: {},
});
/** The member `mrSigner` tells the two forms apart; each refuses what is the other's. */
const sgxMeasurement: Reader<Exclude<SgxMeasurementPolicy, "any">> = (value, path) =>
  value instanceof Map && value.has("mrSigner") ? signer(value, path) : enclave(value, path);

const sgx = object<SgxPolicy>({
  required: { ...DCAP.required, measurement: anyOr(sgxMeasurement) },
  optional: {
    ...DCAP.optional,
    attributes: object<NonNullable<SgxPolicy["attributes"]>>({
      required: { value: bytes(16), mask: bytes(16) },
      optional: {},
    }),
  },
});

const register = bytes(48);

const tdx = object<TdxPolicy>({
  required: {
    ...DCAP.required,
    measurement: anyOr(
      object<Exclude<TdxMeasurementPolicy, "any">>({
        required: { mrTd: register },
        optional: { rtMr0: register, rtMr1: register, rtMr2: register, rtMr3: register },
      }),
    ),
  },
  optional: {
    ...DCAP.optional,
    mrConfigId: register,
    mrOwner: register,
    mrOwnerConfig: register,
    tdAttributes: bytes(8),
    xfam: bytes(8),
    mrServiceTd: anyOr(register),
    allowSeptVe: flag,
    allowMigratable: flag,
    allowUnknownAttributes: flag,
  },
});

const guestFlag = oneOf<GuestPolicyFlag>({
  smt: true,
  migrateMa: true,
  debug: true,
  singleSocket: true,
  cxlAllow: true,
  memAes256Xts: true,
  raplDis: true,
  ciphertextHiding: true,
  pageSwapDisable: true,
});
const platformFlag = oneOf<PlatformInfoFlag>({
  smt: true,
  tsme: true,
  ecc: true,
  raplDis: true,
  ciphertextHiding: true,
  aliasCheckComplete: true,
  tio: true,
});

function flags<T extends string>(read: Reader<T>): Reader<FlagPolicy<T>> {
  const list = listOf(read, MAX_ITEMS);
  return object<FlagPolicy<string>>({
    required: {},
    optional: { required: list, forbidden: list },
  }) as Reader<FlagPolicy<T>>;
}

const svn = integer(0xff);
const digests = listOf(bytes(48), MAX_ITEMS);

const snp = object<SnpPolicy>({
  required: { measurement: anyOr(bytes(48)), reportData, vmpl: anyOr(integer(MAX_VMPL)) },
  optional: {
    acceptSimulation: flag,
    allowDebug: flag,
    allowMigrationAgent: flag,
    permitProvisionalFirmware: flag,
    requireCrl: flag,
    minTcb: object<Partial<SnpTcb>>({
      required: {},
      optional: { bootloader: svn, tee: svn, snp: svn, microcode: svn, fmc: svn },
    }),
    minAbi: object<NonNullable<SnpPolicy["minAbi"]>>({
      required: { major: svn, minor: svn },
      optional: {},
    }),
    guestPolicy: flags(guestFlag),
    platformInfo: flags(platformFlag),
    idKeyDigests: digests,
    authorKeyDigests: digests,
    hostData: bytes(32),
    cspIds: listOf(name, MAX_ITEMS),
    minLaunchMitVector: word64,
    minCurrentMitVector: word64,
  },
});

const document = object<EvidencePolicy>({ required: {}, optional: { sgx, tdx, snp } });

/**
 * Reads a policy from JSON: an object with the members of {@link EvidencePolicy} and of the policies
 * in it, bytes as hex, the mitigation vectors as 16 digits of hex. Strict, since a member that is
 * misspelt would be a check that is not made. Throws `EVIDENCE_POLICY_MALFORMED`, naming the member.
 */
export function parseEvidencePolicy(json: string): EvidencePolicy {
  const refuse = (message: string, cause?: unknown): AttestationError =>
    new AttestationError("EVIDENCE_POLICY_MALFORMED", `policy: ${message}`, { cause });
  if (json.length > MAX_POLICY_CHARACTERS) {
    throw refuse(`${json.length} characters, ${MAX_POLICY_CHARACTERS} allowed`);
  }
  if (json.trim() === "") throw refuse("the document is empty");
  try {
    return document(parseStrictJson(json), "");
  } catch (cause) {
    if (!(cause instanceof StrictJsonError)) throw cause;
    throw refuse(cause.message, cause);
  }
}
