import type { DcapCollateral } from "@carrara/attestation";
import { fromHex } from "@carrara/encoding";
import { type Crl, commonNameOf, parseCrl, parseName } from "@carrara/pki";
import { readingCollateral, unavailable } from "./refusal.ts";
import type { ExactDcapRequest } from "./request.ts";

/** Longest signed JSON body in characters: real ones are below 64 KiB. */
export const MAX_JSON_CHARACTERS: number = 1024 * 1024;

/** What a signed document says of its own age. */
export interface DocumentStamp {
  readonly evaluationDataNumber: number;
  /** Milliseconds since 1970. */
  readonly issueDate: number;
}

/** What collateral says of itself; unverified, for choosing and keeping it. */
export interface DcapFacts {
  /** Lower-case hex. */
  readonly fmspc: string;
  readonly tee: "sgx" | "tdx";
  readonly ca: "processor" | "platform";
  readonly tcbInfo: DocumentStamp;
  readonly qeIdentity: DocumentStamp;
  /** Latest issue date of all parts, and earliest next update; milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
}

interface Document {
  readonly id: string | undefined;
  readonly fmspc: unknown;
  readonly stamp: DocumentStamp;
  readonly nextUpdate: number;
}

/** Reads the facts of collateral. Throws `COLLATERAL_UNAVAILABLE` for what is none. */
export function readDcapFacts(collateral: DcapCollateral): DcapFacts {
  return readingCollateral("the service gave no readable collateral", () => {
    const tcb = readDocument(collateral.tcbInfo, "tcbInfo");
    const identity = readDocument(collateral.qeIdentity, "enclaveIdentity");
    const tee = teeOf(tcb.id, { SGX: "sgx", TDX: "tdx" });
    if (teeOf(identity.id, { QE: "sgx", TD_QE: "tdx" }) !== tee) {
      throw unavailable("malformed", "tcb info and qe identity are of different tees");
    }
    const pckCrl = parseCrl(fromHex(collateral.pckCrl));
    const windows = [windowOf(pckCrl), windowOf(parseCrl(fromHex(collateral.rootCaCrl)))];
    return {
      fmspc: fmspcOf(tcb.fmspc),
      tee,
      ca: caOf(pckCrl),
      tcbInfo: tcb.stamp,
      qeIdentity: identity.stamp,
      from: Math.max(
        tcb.stamp.issueDate,
        identity.stamp.issueDate,
        ...windows.map(({ from }) => from),
      ),
      until: Math.min(tcb.nextUpdate, identity.nextUpdate, ...windows.map(({ until }) => until)),
    };
  });
}

/** Refuses collateral of another platform family than was asked for. */
export function checkAnswers(facts: DcapFacts, { fmspc, tee, ca }: ExactDcapRequest): void {
  if (facts.fmspc !== fmspc || facts.tee !== tee || facts.ca !== ca) {
    throw unavailable("malformed", "the service gave collateral of another platform");
  }
}

/** When a CRL says that it is valid, in milliseconds since 1970. Throws `COLLATERAL_UNAVAILABLE`. */
export function windowOf({ thisUpdate, nextUpdate }: Pick<Crl, "thisUpdate" | "nextUpdate">): {
  readonly from: number;
  readonly until: number;
} {
  if (nextUpdate === undefined) throw unavailable("malformed", "the crl has no end");
  return { from: thisUpdate.getTime(), until: nextUpdate.getTime() };
}

function readDocument(body: string, member: string): Document {
  if (body.length > MAX_JSON_CHARACTERS) throw unavailable("malformed", `${member} is too long`);
  const inner = memberOf(JSON.parse(body), member);
  const number = memberOf(inner, "tcbEvaluationDataNumber");
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
    throw unavailable("malformed", `${member} has no evaluation data number`);
  }
  const id = memberOf(inner, "id");
  return {
    id: typeof id === "string" ? id : undefined,
    fmspc: memberOf(inner, "fmspc"),
    stamp: { evaluationDataNumber: number, issueDate: dateOf(inner, "issueDate") },
    nextUpdate: dateOf(inner, "nextUpdate"),
  };
}

function dateOf(value: unknown, name: string): number {
  const text = memberOf(value, name);
  const date = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(date)) throw unavailable("malformed", `${name} is no date`);
  return date;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function fmspcOf(value: unknown): string {
  if (typeof value === "string" && /^[0-9a-fA-F]{12}$/.test(value)) return value.toLowerCase();
  throw unavailable("malformed", "tcb info has no fmspc");
}

/** TCB info of version 2, which PCCS v3 serves, has no id and is for SGX. */
function teeOf(
  id: string | undefined,
  ids: Readonly<Record<string, "sgx" | "tdx">>,
): "sgx" | "tdx" {
  if (id === undefined) return "sgx";
  const tee = Object.hasOwn(ids, id) ? ids[id] : undefined;
  if (tee === undefined) throw unavailable("malformed", "signed json of an unknown tee");
  return tee;
}

function caOf(crl: Crl): "processor" | "platform" {
  const name = commonNameOf(parseName(crl.issuerRaw));
  if (name.includes("Processor CA")) return "processor";
  if (name.includes("Platform CA")) return "platform";
  throw unavailable("malformed", "the pck crl is of neither of intel's cas");
}
