import { equalBytes } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TeeError } from "../error.ts";
import { tableFor } from "../testing/emulated-guest.ts";
import { sampleSgxQuote, sampleSnpReport, sampleTdxQuote } from "../testing/sample-evidence.ts";
import { checkedCertTable, reportFactsOf } from "./report-data.ts";

const REPORT_DATA = fc.uint8Array({ minLength: 64, maxLength: 64 });

describe("report data of evidence", () => {
  test.each([
    ["sgx", (data: Uint8Array) => sampleSgxQuote(data), undefined],
    ["tdx", (data: Uint8Array) => sampleTdxQuote(data, 4), undefined],
    ["tdx", (data: Uint8Array) => sampleTdxQuote(data, 5), undefined],
    ["snp", (data: Uint8Array) => sampleSnpReport(data, 2), 2],
  ] as const)("of %s is what it was made for", (tee, make, vmpl) => {
    fc.assert(
      fc.property(REPORT_DATA, (data) => {
        const facts = reportFactsOf(tee, make(data));
        return equalBytes(facts.reportData, data) && facts.vmpl === vmpl;
      }),
    );
  });

  test("of any bytes is a value or EVIDENCE_IO", () => {
    const samples = [sampleSgxQuote, (data: Uint8Array) => sampleTdxQuote(data), sampleSnpReport];
    const damaged = fc
      .tuple(fc.nat(2), fc.nat(1500), fc.nat(255), fc.nat(1500))
      .map(([which, at, byte, end]) => {
        const bytes = samples[which]?.(new Uint8Array(64)).slice(0, end) ?? new Uint8Array();
        if (at < bytes.length) bytes[at] = byte;
        return bytes;
      });
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 1500 }), damaged);
    fc.assert(
      fc.property(fc.constantFrom("sgx", "tdx", "snp"), bytes, (tee, evidence) => {
        try {
          return reportFactsOf(tee, evidence).reportData.length === 64;
        } catch (error) {
          return error instanceof TeeError && error.code === "EVIDENCE_IO";
        }
      }),
    );
  });
});

describe("a host's certificate table", () => {
  test("passes as it is when it has an entry", () => {
    const table = tableFor(new Uint8Array(64));
    expect(checkedCertTable(table)).toBe(table);
    expect(checkedCertTable(new Uint8Array(48))).toBeUndefined();
  });

  test("of any bytes passes, is none, or EVIDENCE_IO", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const table = checkedCertTable(bytes);
          return table === undefined || table === bytes;
        } catch (error) {
          return error instanceof TeeError && error.code === "EVIDENCE_IO";
        }
      }),
    );
  });
});
