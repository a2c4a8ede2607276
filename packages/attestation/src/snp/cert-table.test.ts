import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeLe } from "../byte-reader.ts";
import { AttestationError } from "../error.ts";
import { CERT_TABLE_GUID, encodeCertTable, parseCertTable } from "./cert-table.ts";

const VCEK_GUID = fromHex("8d75da6364e66445adc5f4b93be8accd");
const ARK_GUID = fromHex("a406b4c003a8524997433fb6014cd0ae");

type Row = readonly [guid: Uint8Array, offset: number, length: number];

function table(rows: readonly Row[], size: number, end = true): Uint8Array {
  const out = new Uint8Array(size);
  const entries = rows.map(([guid, offset, length]) =>
    concatBytes(guid, writeLe(offset, 4), writeLe(length, 4)),
  );
  out.set(concatBytes(...entries));
  if (!end) out.fill(7, 24 * rows.length);
  return out;
}

describe("a certificate table", () => {
  test("is what its entries say, GUIDs in mixed byte order", () => {
    const data = utf8("certificate");
    const bytes = encodeCertTable([{ guid: CERT_TABLE_GUID.vcek, data }]);
    expect(bytes.slice(0, 16)).toEqual(VCEK_GUID);
    expect(parseCertTable(bytes)).toEqual([{ guid: CERT_TABLE_GUID.vcek, data }]);
  });

  test("comes back from its bytes", () => {
    const entries = fc.uniqueArray(fc.record({ guid: fc.uuid(), data: fc.uint8Array() }), {
      selector: ({ guid }) => guid,
      maxLength: 6,
    });
    fc.assert(
      fc.property(entries, (made) => {
        expect(parseCertTable(encodeCertTable(made))).toEqual(made);
      }),
    );
  });

  test("of any bytes is read or refused with VEK_FORMAT", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        try {
          parseCertTable(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AttestationError);
          expect(error).toMatchObject({ code: "VEK_FORMAT" });
        }
      }),
    );
  });

  test("may have its data in any order", () => {
    const rows: Row[] = [
      [VCEK_GUID, 90, 10],
      [ARK_GUID, 80, 10],
    ];
    expect(parseCertTable(table(rows, 100)).map(({ guid }) => guid)).toEqual([
      CERT_TABLE_GUID.vcek,
      CERT_TABLE_GUID.ark,
    ]);
  });

  test("may be empty, or end at once", () => {
    expect(parseCertTable(new Uint8Array())).toEqual([]);
    expect(parseCertTable(new Uint8Array(4096))).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ["no end", table([[VCEK_GUID, 48, 1]], 40, false)],
    ["an entry that leaves it", table([[VCEK_GUID, 48, 53]], 100)],
    ["an offset beyond 32 bits of sense", table([[VCEK_GUID, 0xffff_ffff, 1]], 100)],
    ["an entry inside the header", table([[VCEK_GUID, 47, 2]], 100)],
    [
      "entries that overlap",
      table(
        [
          [VCEK_GUID, 80, 10],
          [ARK_GUID, 89, 10],
        ],
        100,
      ),
    ],
    [
      "one guid twice",
      table(
        [
          [VCEK_GUID, 80, 5],
          [VCEK_GUID, 90, 5],
        ],
        100,
      ),
    ],
    ["too many bytes", new Uint8Array(64 * 1024 + 1)],
  ])("with %s is refused with VEK_FORMAT", (_, bytes) => {
    expect(() => parseCertTable(bytes)).toThrow(expect.objectContaining({ code: "VEK_FORMAT" }));
  });

  test("cannot be made with a malformed guid", () => {
    const guid = CERT_TABLE_GUID.ask.toUpperCase();
    expect(() => encodeCertTable([{ guid, data: new Uint8Array() }])).toThrow(TypeError);
  });
});
