import { createHash } from "node:crypto";
import { concatBytes, utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { imageOf, PAPER_NODE } from "../testing/signed-image.ts";
import { parseImage } from "./image.ts";
import { measureEnclave, measureImage, measureSnp, measureTd } from "./measure-image.ts";
import { type MeasuredRecord, recordsOf } from "./measurement-document.ts";

const IMAGE = parseImage(imageOf("console.log(1)"));
const RECORDS = recordsOf(IMAGE, PAPER_NODE);

function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash("sha384")
      .update(concatBytes(...parts))
      .digest(),
  );
}

/** One record as the specification lays it out, written down a second time. */
function encoded({ type, name, bytes, sha256 }: MeasuredRecord): Uint8Array {
  const out = Buffer.alloc(1 + 4 + name.length + 8);
  out.writeUInt8(type, 0);
  out.writeUInt32LE(name.length, 1);
  out.write(name, 5);
  out.writeBigUInt64LE(BigInt(bytes), 5 + name.length);
  return concatBytes(new Uint8Array(out), sha256);
}

function documentOf(label: string, ...types: readonly number[]): Uint8Array {
  const own = RECORDS.filter(({ type }) => types.includes(type));
  return sha384(utf8(`${label}\0`), ...own.map(encoded));
}

describe("the registers of a simulated TD", () => {
  test("are the documents of section 8.7, each in its own register", () => {
    const zero = new Uint8Array(48);
    expect(measureTd(RECORDS)).toEqual({
      mrTd: documentOf("sim-mrtd-v1", 1, 2),
      rtMr0: sha384(zero, documentOf("sim-rtmr0-v1", 7)),
      rtMr1: sha384(zero, documentOf("sim-rtmr1-v1", 6)),
      rtMr2: sha384(zero, documentOf("sim-rtmr2-v1", 3, 4, 5)),
    });
  });

  test.each([
    ["the node binary", 1, "mrTd"],
    ["an addon", 2, "mrTd"],
    ["the bundle", 3, "rtMr2"],
    ["a module", 4, "rtMr2"],
    ["an asset", 5, "rtMr2"],
    ["configuration", 6, "rtMr1"],
    ["launch settings", 7, "rtMr0"],
  ] as const)("change with %s in one place", (_, type, register) => {
    const more = { type, name: "more", bytes: 1, sha256: new Uint8Array(32) };
    const before = measureTd(RECORDS);
    const after = measureTd([...RECORDS, more]);
    const changed = Object.keys(before).filter((name) => {
      const key = name as keyof typeof before;
      return before[key].join() !== after[key].join();
    });
    expect(changed).toEqual([register]);
  });
});

describe("the measurement of a simulated SNP guest", () => {
  test("is one document of all records", () => {
    const types = RECORDS.map(({ type }) => type);
    expect(measureSnp(RECORDS)).toEqual(documentOf("sim-measurement-v1", ...types));
  });
});

describe("the measurement of a simulated enclave", () => {
  test("is the document of all records under SHA-256", () => {
    const parts = concatBytes(utf8("sim-mrenclave-v1\0"), ...RECORDS.map(encoded));
    const expected = new Uint8Array(createHash("sha256").update(parts).digest());
    expect(measureImage(IMAGE, PAPER_NODE)).toEqual(expected);
    expect(measureEnclave(RECORDS)).toEqual(expected);
  });
});
