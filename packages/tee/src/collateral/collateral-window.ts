import type { DcapCollateral } from "@carrara/attestation";
import { fromHex } from "@carrara/encoding";
import { parseCrl } from "@carrara/pki";
import { TeeError } from "../error.ts";

/** When collateral says of itself that it is valid: latest issue, earliest expiry. Unverified. */
export interface CollateralWindow {
  readonly from: Date;
  readonly until: Date;
}

/** Reads the window of TCB info, QE identity and both CRLs. Throws `COLLATERAL_UNAVAILABLE`. */
export function collateralWindow(collateral: DcapCollateral): CollateralWindow {
  try {
    const windows = [
      jsonWindow(collateral.tcbInfo, "tcbInfo"),
      jsonWindow(collateral.qeIdentity, "enclaveIdentity"),
      crlWindow(collateral.pckCrl),
      crlWindow(collateral.rootCaCrl),
    ];
    const from = Math.max(...windows.map((window) => window.from));
    const until = Math.min(...windows.map((window) => window.until));
    if (Number.isNaN(from) || Number.isNaN(until)) throw new RangeError("a date is missing");
    return { from: new Date(from), until: new Date(until) };
  } catch (cause) {
    throw new TeeError("COLLATERAL_UNAVAILABLE", "the service gave no readable collateral", {
      cause,
    });
  }
}

function jsonWindow(body: string, member: string): { from: number; until: number } {
  const document: unknown = JSON.parse(body);
  const inner = memberOf(document, member);
  return {
    from: Date.parse(String(memberOf(inner, "issueDate"))),
    until: Date.parse(String(memberOf(inner, "nextUpdate"))),
  };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function crlWindow(hex: string): { from: number; until: number } {
  const { thisUpdate, nextUpdate } = parseCrl(fromHex(hex));
  return { from: thisUpdate.getTime(), until: nextUpdate?.getTime() ?? Number.NaN };
}
