import type { encodeQuote, encodeSnpReport } from "@carrara/attestation";
import type { Mutation } from "./mutate.ts";

/** A JSON object whose members are looked at by name. */
export type Json = Readonly<Record<string, unknown>>;

/** Verdict of verification: what it says, or the codes it may fail with. */
export interface ExpectedVerdict {
  readonly ok?: boolean;
  /** Id of the case whose results these are. */
  readonly sameAs?: string;
  readonly errorAnyOf?: readonly string[];
}

/** What must come out; every member that is there is checked. */
export interface Expected {
  /** What parsing gives, where nothing else is expected. */
  readonly parse?: Expected;
  readonly header?: Json;
  readonly measurements?: Json;
  readonly pck?: Json;
  /** SEV-SNP: what the report and its key's certificate say, and the verifier's warnings. */
  readonly claims?: Json;
  readonly vek?: Json;
  readonly warnings?: readonly string[];
  readonly verify?: ExpectedVerdict;
  readonly defaultPolicy?: { readonly accept: boolean; readonly violations?: readonly string[] };
}

/** One case of an index (vectors README). */
export interface IndexCase {
  readonly id: string;
  readonly kind: string;
  readonly quote?: string;
  readonly collateral?: string;
  readonly trustAnchor?: string;
  readonly sigstruct?: string;
  readonly report?: string;
  readonly vek?: string;
  readonly chain?: string;
  /** RA-TLS: PEM or DER. */
  readonly certificate?: string;
  /** Azure: JSON with HCL report, TPM quote, and VCEK or TD quote. */
  readonly evidence?: string;
  /** Seconds since 1970. */
  readonly time?: number;
  readonly mutate?: readonly Mutation[];
  readonly expected: Expected;
}

/** One check of a case: where, what was expected, what came. */
export type Check = (where: string, expected: unknown, actual: unknown) => void;

/** The bytes of a file that an index names by its path relative to the index. */
export type ReadFile = (file: string) => Promise<Uint8Array>;

/** Makers of evidence, which must give back what was parsed (specification section 8.6). */
export interface EvidenceEncoders {
  readonly encodeQuote: typeof encodeQuote;
  readonly encodeSnpReport: typeof encodeSnpReport;
}

/** What a runner of one kind of case may use; none does I/O of its own, so that they run in a tab. */
export interface CaseContext {
  readonly cases: readonly IndexCase[];
  readonly read: ReadFile;
  readonly check: Check;
  /** Undefined where the library under test does not make evidence. */
  readonly encoders: EvidenceEncoders | undefined;
}

/** The text of a file of the index. */
export async function readText(read: ReadFile, file: string): Promise<string> {
  return new TextDecoder().decode(await read(file));
}

/** A JSON object from a file of the index. */
export async function readJson(read: ReadFile, file: string): Promise<Json> {
  return JSON.parse(await readText(read, file)) as Json;
}

/** Compares what `expected` names with what `actual` has; null in an index means "does not apply". */
export function checkFields(where: string, expected: object, actual: Json, check: Check): void {
  for (const [name, value] of Object.entries(expected) as [string, unknown][]) {
    check(`${where}.${name}`, value ?? undefined, actual[name]);
  }
}
