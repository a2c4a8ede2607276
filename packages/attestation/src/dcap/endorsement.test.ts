import { concatBytes, fromHex } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTestPlatform, type TestPlatformOptions } from "../testing/test-platform.ts";
import { codeOf, inputOf } from "../testing/verify-code.ts";
import { encodeQeIdentity, encodeTcbInfo } from "./collateral.ts";
import { JsonFields } from "./json-fields.ts";
import { readQeIdentity } from "./qe-identity.ts";
import { parseStrictJson } from "./strict-json.ts";
import { platformLevel, readTcbInfo } from "./tcb-info.ts";
import { createDcapVerifier } from "./verifier.ts";

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((value) => Buffer.from(value).toString("hex").toUpperCase());
const date = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));
const status = fc.constantFrom("UpToDate", "SWHardeningNeeded", "OutOfDate", "Revoked");
const advisoryIds = fc.uniqueArray(fc.stringMatching(/^INTEL-SA-\d{5}$/), { maxLength: 3 });
const tcbInfo = fc.record({
  issueDate: date,
  nextUpdate: date,
  fmspc: hex(6),
  pceId: hex(2),
  evaluationDataNumber: fc.nat(1000),
  levels: fc.uniqueArray(
    fc.record({
      components: fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }),
      pceSvn: fc.nat(65535),
      date,
      status,
      advisoryIds,
    }),
    {
      minLength: 1,
      maxLength: 5,
      selector: (level) => [...level.components, level.pceSvn].join(" "),
    },
  ),
});
const qeIdentity = fc.record({
  issueDate: date,
  nextUpdate: date,
  evaluationDataNumber: fc.nat(1000),
  attributes: hex(16),
  attributesMask: hex(16),
  mrSigner: hex(32),
  isvProdId: fc.nat(65535),
  levels: fc.uniqueArray(fc.record({ isvSvn: fc.nat(65535), date, status, advisoryIds }), {
    minLength: 1,
    maxLength: 5,
    selector: ({ isvSvn }) => isvSvn,
  }),
});

const fieldsOf = (json: string): JsonFields => new JsonFields(parseStrictJson(json));

describe("endorsements are read as they were written", () => {
  test("TCB info, with the levels best first", () => {
    fc.assert(
      fc.property(tcbInfo, (written) => {
        const read = readTcbInfo(fieldsOf(encodeTcbInfo(written)), "sgx");
        const { levels, fmspc, pceId, ...rest } = written;
        expect(read).toMatchObject({
          ...rest,
          fmspc: fmspc.toLowerCase(),
          pceId: pceId.toLowerCase(),
        });
        expect(read.levels).toHaveLength(levels.length);
        expect(read.levels).toEqual(
          expect.arrayContaining(levels.map((level) => ({ ...level, tdxComponents: [] }))),
        );
        const ranks = read.levels.map(({ components, pceSvn }) =>
          Buffer.from(
            concatBytes(new Uint8Array(components), new Uint8Array([pceSvn >> 8, pceSvn & 255])),
          ),
        );
        expect(ranks).toEqual(ranks.toSorted((a, b) => Buffer.compare(b, a)));
      }),
    );
  });

  test("QE identity, with the levels best first", () => {
    fc.assert(
      fc.property(qeIdentity, (written) => {
        const read = readQeIdentity(fieldsOf(encodeQeIdentity(written)));
        const { levels, attributes, attributesMask, mrSigner, ...rest } = written;
        expect(read).toMatchObject({
          ...rest,
          attributes: fromHex(attributes),
          attributesMask: fromHex(attributesMask),
          mrSigner: fromHex(mrSigner),
        });
        expect(read.levels).toEqual(levels.toSorted((a, b) => b.isvSvn - a.isvSvn));
      }),
    );
  });

  test("a platform gets the first level that it reaches in every component", () => {
    fc.assert(
      fc.property(tcbInfo, (written) => {
        const { levels } = readTcbInfo(fieldsOf(encodeTcbInfo(written)), "sgx");
        for (const [i, { components, pceSvn }] of levels.entries()) {
          const level = platformLevel(levels, { sgxTcbComponents: components, pceSvn });
          expect(levels.indexOf(level)).toBeLessThanOrEqual(i);
          expect(level.components.every((svn, at) => svn <= (components[at] ?? 0))).toBe(true);
        }
      }),
    );
  });
});

describe("signed text is refused as malformed when it has", () => {
  const replace =
    (find: string | RegExp, by: string): TestPlatformOptions["json"] =>
    (_, good) =>
      good.replace(find, () => by);
  test.each<[string, TestPlatformOptions["json"]]>([
    ["a duplicate key", replace('"version":', '"version":9,"version":')],
    ["an escaped duplicate key", replace('"version":', '"v\\u0065rsion":9,"version":')],
    ["a fraction", replace('"tcbEvaluationDataNumber":', '"tcbEvaluationDataNumber":0.5,"x":')],
    ["an exponent", replace(/"tcbEvaluationDataNumber":\d+/, '"tcbEvaluationDataNumber":1e1')],
    ["a negative number", replace(/"tcbEvaluationDataNumber":/, '"tcbEvaluationDataNumber":-')],
    [
      "a date without a zone",
      replace(/("issueDate":"[^"]*)Z"/, '"issueDate":"2026-05-31T12:00:00"'),
    ],
    [
      "a date that does not exist",
      replace(/"issueDate":"[^"]*"/, '"issueDate":"2026-02-30T00:00:00Z"'),
    ],
    ["a number for text", replace(/"issueDate":"[^"]*"/, '"issueDate":5')],
    ["no level", replace(/"tcbLevels":\[.*\]/, '"tcbLevels":[]')],
    ["levels that are no array", replace(/"tcbLevels":\[.*\]/, '"tcbLevels":{}')],
    ["a member that nobody knows", replace('"version":', '"novel":1,"version":')],
    ["two equal levels", (_, good) => good.replace(/\[(\{"tcb":.*?\})(?=,\{"tcb")/, "[$1,$1")],
    ["an advisory that is no text", replace(/"advisoryIDs":\[[^\]]*\]/, '"advisoryIDs":[1]')],
  ])("%s", async (_, json) => {
    for (const [member, code] of [
      ["tcbInfo", "TCB_INFO_MALFORMED"],
      ["enclaveIdentity", "QE_IDENTITY_MALFORMED"],
    ] as const) {
      const platform = await createTestPlatform({
        json: (of, good) => (of === member ? (json?.(of, good) ?? good) : good),
      });
      expect(await codeOf(createDcapVerifier().verify(await inputOf(platform)))).toBe(code);
    }
  });

  test.each([
    ['{"svn":11}', '{"svn":256}'],
    ['{"svn":11}', '{"svn":"11"}'],
    ['{"svn":11},', ""],
    ['{"svn":11}', '{"svn":11,"kind":1}'],
    ['"pcesvn":13', '"pcesvn":65536'],
    ['"fmspc":"53494D000000"', '"fmspc":"53494D00000"'],
    ['"fmspc":"53494D000000"', '"fmspc":"53494D00000g"'],
    ['"tcbType":0', '"tcbType":1'],
  ])("TCB info %s as %s", async (find, by) => {
    const platform = await createTestPlatform({ json: (_, good) => good.replace(find, by) });
    expect(await codeOf(createDcapVerifier().verify(await inputOf(platform)))).toBe(
      "TCB_INFO_MALFORMED",
    );
  });
});

test("a response body must be exactly the signed member and its signature", async () => {
  const input = await inputOf(await createTestPlatform());
  const body = input.collateral.tcbInfo;
  const bodies: readonly [string, string][] = [
    [" ", "TCB_INFO_MALFORMED"],
    [` ${body}`, "TCB_INFO_MALFORMED"],
    [`${body}x`, "TCB_INFO_MALFORMED"],
    [`${body}\n`, "accepted"],
    [body.replace(/"signature":"../, '"signature":"'), "TCB_INFO_MALFORMED"],
    [
      body.replace(/"signature":"[^"]*"/, `"signature":"${"0".repeat(128)}"`),
      "TCB_INFO_SIGNATURE_INVALID",
    ],
    [body.replace('"tcbType":0', '"tcbType": 0'), "TCB_INFO_SIGNATURE_INVALID"],
    [`${body.slice(0, 11)}${" ".repeat(1024 * 1024)}${body.slice(11)}`, "TCB_INFO_MALFORMED"],
  ];
  for (const [tcbInfo, code] of bodies) {
    const collateral = { ...input.collateral, tcbInfo };
    expect(await codeOf(createDcapVerifier().verify({ ...input, collateral }))).toBe(code);
  }
});
