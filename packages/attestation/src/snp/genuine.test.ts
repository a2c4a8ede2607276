import { existsSync, readFileSync } from "node:fs";
import { equalBytes, fromBase64, parsePem, toHex } from "@carrara/encoding";
import { findExtension, parseCertificate } from "@carrara/pki";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isHardware } from "../assurance.ts";
import { codeOf } from "../testing/verify-code.ts";
import { CERT_TABLE_GUID, encodeCertTable } from "./cert-table.ts";
import { INTERMEDIATE_CERTIFICATES } from "./intermediate-certificates.ts";
import { parseSnpReport } from "./report.ts";
import { encodeSnpReport } from "./report-encoder.ts";
import { encodeVekExtensions, readVekInfo } from "./vek-extensions.ts";
import { createSnpVerifier } from "./verifier.ts";

const VECTORS = new URL("../../../../../shared/vectors/", import.meta.url);

function bytesOf(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, VECTORS)));
}

const MILAN = { file: "snp/snp-oak-milan-v3", key: "vcek", time: "2025-02-14T21:21:54Z" };
const REPORTS = [
  { file: "snp/snp-google-milan-v2-debug", key: "vcek", time: "2022-10-24T00:55:28Z" },
  MILAN,
  { file: "snp/snp-oak-genoa-v5", key: "vcek", time: "2025-09-06T17:21:41Z" },
  { file: "snp/snp-aws-milan-v3-vlek", key: "vlek", time: "2025-01-09T22:14:21Z" },
];

function inputOf({ file, key, time }: typeof MILAN) {
  return {
    report: bytesOf(`${file}.report.bin`),
    vek: bytesOf(`${file}.${key}.der`),
    now: new Date(time),
  };
}

// These read ../shared/vectors, which a copy of this repository alone does not have.
describe.skipIf(!existsSync(VECTORS))(
  "genuine evidence (skipped without ../shared/vectors)",
  () => {
    test.each(REPORTS)("$file verifies with AMD's own chain as hardware", async (item) => {
      const verified = await createSnpVerifier().verify(inputOf(item));
      expect(isHardware(verified)).toBe(true);
      expect(verified.trustAnchor.kind).toBe("hardware");
    });

    test.each(REPORTS)("$file comes back from its fields", (item) => {
      const { report } = inputOf(item);
      expect(toHex(encodeSnpReport(parseSnpReport(report)))).toBe(toHex(report));
    });

    test.each([
      ...REPORTS.map(({ file, key }) => `${file}.${key}.der`),
      "snp/virtee-turin.vcek.der",
    ])("the extensions of %s come back from what they say", (file) => {
      const certificate = parseCertificate(bytesOf(file));
      const info = readVekInfo(certificate, file.includes("vlek") ? "VLEK" : "VCEK");
      const { structVersion, productName, tcb, cspId } = info;
      const hwId = findExtension(certificate, "1.3.6.1.4.1.3704.1.4")?.value;
      const owner = hwId === undefined ? { cspId: cspId ?? "" } : { hwId };
      const made = encodeVekExtensions({ structVersion, productName, tcb, ...owner });
      expect(made).toEqual(certificate.extensions);
    });

    test("verifies with the certificates of the host's table", async () => {
      const { report, vek, now } = inputOf(MILAN);
      const pem = new TextDecoder().decode(bytesOf("anchors/amd-milan-vcek-ask-ark.pem"));
      const [ask, ark] = parsePem(pem).map(({ bytes }) => bytes);
      const certTable = encodeCertTable([
        { guid: CERT_TABLE_GUID.ark, data: ark ?? vek },
        { guid: CERT_TABLE_GUID.ask, data: ask ?? vek },
        { guid: CERT_TABLE_GUID.vcek, data: vek },
      ]);
      expect(await codeOf(createSnpVerifier().verify({ report, certTable, now }))).toBe("accepted");
    });

    test("does not verify with any bit flipped", async () => {
      const good = inputOf(MILAN);
      const verifier = createSnpVerifier();
      await fc.assert(
        fc.asyncProperty(fc.nat(good.report.length * 8 - 1), async (bit) => {
          const report = good.report.slice();
          report[bit >> 3] = (report[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(await codeOf(verifier.verify({ ...good, report }))).not.toBe("accepted");
        }),
      );
    });

    test("is issued by the certificates that are built in", () => {
      const embedded = INTERMEDIATE_CERTIFICATES.map(fromBase64);
      for (const product of ["milan", "genoa", "turin"]) {
        for (const key of ["vcek", "vlek"]) {
          const file = `anchors/amd-${product}-${key}-ask-ark.pem`;
          const [issuer] = parsePem(new TextDecoder().decode(bytesOf(file)));
          expect(embedded.some((one) => equalBytes(one, issuer?.bytes ?? one.slice(1)))).toBe(true);
        }
      }
    });
  },
);
