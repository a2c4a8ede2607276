import { equalBytes, toHex } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import { type EnclaveLevel, enclaveLevel, readEnclaveLevels } from "./enclave-level.ts";
import { JsonFields } from "./json-fields.ts";
import { type StrictJson, StrictJsonError } from "./strict-json.ts";
import type { TdReport } from "./td-report.ts";

/** What a TDX module must look like. */
interface TdxModule {
  readonly mrSigner: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
}

/** The modules of a platform family. */
export interface TdxModules {
  /** Modules of major version 0. */
  readonly base: TdxModule;
  /** Later modules by their id in upper case, `TDX_01`. */
  readonly identities: ReadonlyMap<
    string,
    TdxModule & { readonly levels: readonly EnclaveLevel[] }
  >;
}

/** Reads `tdxModule` and `tdxModuleIdentities` of a TCB info. Throws StrictJsonError. */
export function readTdxModules(fields: JsonFields): TdxModules {
  const baseFields = new JsonFields(fields.take("tdxModule"));
  const base = readModule(baseFields);
  baseFields.end();
  const identities = new Map<string, TdxModule & { readonly levels: readonly EnclaveLevel[] }>();
  for (const value of optionalList(fields)) {
    const identity = new JsonFields(value);
    const id = identity.text("id").toUpperCase();
    if (identities.has(id)) throw new StrictJsonError("two tdx modules of one id");
    identities.set(id, { ...readModule(identity), levels: readEnclaveLevels(identity) });
    identity.end();
  }
  return { base, identities };
}

/** Modules of version 0 came before the member `tdxModuleIdentities` did. */
function optionalList(fields: JsonFields): readonly StrictJson[] {
  const value = fields.takeOptional("tdxModuleIdentities");
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new StrictJsonError("member tdxModuleIdentities is no array");
  return value as readonly StrictJson[];
}

function readModule(fields: JsonFields): TdxModule {
  return {
    mrSigner: fields.hex("mrsigner", 48),
    attributes: fields.hex("attributes", 8),
    attributesMask: fields.hex("attributesMask", 8),
  };
}

/**
 * Step 13 of section 2.3: the module under which the TD was launched is one of Intel's.
 * Throws `TDX_MODULE_MISMATCH`.
 */
export function checkTdxModule(modules: TdxModules, report: TdReport): void {
  const { teeTcbSvn, mrSignerSeam, seamAttributes } = report;
  const module = (teeTcbSvn[1] ?? 0) === 0 ? modules.base : identityOf(modules, teeTcbSvn);
  if (module === undefined) {
    throw new AttestationError("TDX_MODULE_MISMATCH", `${moduleId(teeTcbSvn)} is not known`);
  }
  const fits =
    equalBytes(mrSignerSeam, module.mrSigner) &&
    seamAttributes.every((byte, i) => byte === (module.attributes[i] ?? 0)) &&
    module.attributes.every((byte, i) => (byte & ~(module.attributesMask[i] ?? 0)) === 0);
  if (!fits) {
    throw new AttestationError("TDX_MODULE_MISMATCH", "the tdx module is not the one named");
  }
}

/**
 * The level of the module that `teeTcbSvn` names; undefined for modules of version 0, which have no
 * levels of their own. Throws `TDX_MODULE_MISMATCH`, `TCB_LEVEL_NOT_SUPPORTED`.
 */
export function tdxModuleLevel(
  modules: TdxModules,
  teeTcbSvn: Uint8Array,
): EnclaveLevel | undefined {
  if ((teeTcbSvn[1] ?? 0) === 0) return undefined;
  const identity = identityOf(modules, teeTcbSvn);
  if (identity === undefined) {
    throw new AttestationError("TDX_MODULE_MISMATCH", `${moduleId(teeTcbSvn)} is not known`);
  }
  const level = enclaveLevel(identity.levels, teeTcbSvn[0] ?? 0);
  if (level !== undefined) return level;
  throw new AttestationError("TCB_LEVEL_NOT_SUPPORTED", "the tdx module reaches no known level");
}

function identityOf(
  { identities }: TdxModules,
  teeTcbSvn: Uint8Array,
): (TdxModule & { readonly levels: readonly EnclaveLevel[] }) | undefined {
  return identities.get(moduleId(teeTcbSvn));
}

function moduleId(teeTcbSvn: Uint8Array): string {
  return `TDX_${toHex(teeTcbSvn.subarray(1, 2)).toUpperCase()}`;
}
