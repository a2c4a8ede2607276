import { der, fromHex, toHex } from "@carrara/encoding";
import { type Extension, extension } from "@carrara/pki";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttestationError } from "../error.ts";
import { encodeVekExtensions, readVekInfo, type VekExtensionFields } from "./vek-extensions.ts";

const AMD = "1.3.6.1.4.1.3704.1";
const TCB = { bootloader: 4, tee: 0, snp: 24, microcode: 219 };
const HW_ID = new Uint8Array(64).fill(7);
const MILAN: VekExtensionFields = { productName: "Milan-B0", tcb: TCB, hwId: HW_ID };
const TURIN: VekExtensionFields = {
  productName: "Turin",
  tcb: { ...TCB, fmc: 2 },
  hwId: new Uint8Array(8).fill(9),
};
const VLEK: VekExtensionFields = { productName: "Milan", tcb: TCB, cspId: "CN=cloud" };

function read(extensions: readonly Extension[], kind: "VCEK" | "VLEK" = "VCEK") {
  const [notBefore, notAfter] = [new Date(0), new Date(1)];
  const certificate = { extensions, notBefore, notAfter };
  return readVekInfo(certificate as unknown as Parameters<typeof readVekInfo>[0], kind);
}

function replaced(
  fields: VekExtensionFields,
  oid: string,
  value: Uint8Array | undefined,
): Extension[] {
  const others = encodeVekExtensions(fields).filter((one) => one.oid !== oid);
  return value === undefined ? others : [...others, { oid, critical: false, value }];
}

function codeOf(extensions: readonly Extension[], kind?: "VCEK" | "VLEK"): string {
  try {
    read(extensions, kind);
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

describe("a versioned key's extensions", () => {
  test("say struct version, product, tcb and chip", () => {
    expect(read(encodeVekExtensions(MILAN))).toMatchObject({
      kind: "VCEK",
      structVersion: 0,
      productName: "Milan-B0",
      product: "Milan",
      tcb: TCB,
      hwId: toHex(HW_ID),
    });
  });

  test("of Turin have an FMC component and a short chip id", () => {
    const info = read(encodeVekExtensions(TURIN));
    expect(info).toMatchObject({ structVersion: 1, product: "Turin", tcb: { ...TCB, fmc: 2 } });
    expect(info.hwId).toBe("0909090909090909");
  });

  test("of a VLEK name the provider and no chip", () => {
    const info = read(encodeVekExtensions(VLEK), "VLEK");
    expect(info).toMatchObject({ kind: "VLEK", cspId: "CN=cloud" });
    expect(info).not.toHaveProperty("hwId");
  });

  test("come back from their bytes", () => {
    const spl = fc.nat(255);
    const tcb = fc.record({ bootloader: spl, tee: spl, snp: spl, microcode: spl });
    const hwId = fc.uint8Array({ minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(tcb, hwId, spl, (made, id, structVersion) => {
        const fields = { productName: "Genoa", tcb: made, hwId: id, structVersion };
        const expected = { productName: "Genoa", tcb: made, hwId: toHex(id), structVersion };
        expect(read(encodeVekExtensions(fields))).toMatchObject(expected);
      }),
    );
  });

  test("may wrap the chip id in an OCTET STRING, also when the id looks like one", () => {
    const tricky = fromHex(`0440${"11".repeat(62)}`);
    const oid = `${AMD}.4`;
    expect(read(replaced(MILAN, oid, der.octetString(HW_ID))).hwId).toBe(toHex(HW_ID));
    expect(read(replaced(MILAN, oid, tricky)).hwId).toBe(toHex(tricky));
    expect(read(replaced(MILAN, oid, der.octetString(tricky))).hwId).toBe(toHex(tricky));
    const short = TURIN.hwId ?? HW_ID;
    expect(read(replaced(TURIN, oid, der.octetString(short))).hwId).toBe(toHex(short));
  });

  test("may come with an AuthorityKeyIdentifier", () => {
    const identifier = extension.authorityKeyIdentifier(new Uint8Array(20));
    expect(codeOf([...encodeVekExtensions(MILAN), identifier])).toBe("accepted");
  });

  test("of an unknown product are read, for another step to refuse", () => {
    expect(read(encodeVekExtensions({ ...MILAN, productName: "Venice" })).product).toBeUndefined();
  });

  test.each<[string, readonly Extension[], ("VCEK" | "VLEK")?]>([
    ["BasicConstraints", [...encodeVekExtensions(MILAN), extension.basicConstraints(false)]],
    ["KeyUsage", [...encodeVekExtensions(MILAN), extension.keyUsage("digitalSignature")]],
    ["an unknown AMD extension", replaced(MILAN, `${AMD}.3.10`, der.integer(0))],
    ["no struct version", replaced(MILAN, `${AMD}.1`, undefined)],
    ["no product", replaced(MILAN, `${AMD}.2`, undefined)],
    ["no boot loader", replaced(MILAN, `${AMD}.3.1`, undefined)],
    ["no TEE", replaced(MILAN, `${AMD}.3.2`, undefined)],
    ["no SNP firmware", replaced(MILAN, `${AMD}.3.3`, undefined)],
    ["no microcode", replaced(MILAN, `${AMD}.3.8`, undefined)],
    ["no chip id", replaced(MILAN, `${AMD}.4`, undefined)],
    ["a chip id of 63 bytes", replaced(MILAN, `${AMD}.4`, new Uint8Array(63))],
    ["a wrapped chip id of 63 bytes", replaced(MILAN, `${AMD}.4`, der.octetString(HW_ID.slice(1)))],
    ["a short chip id on Milan", replaced(MILAN, `${AMD}.4`, new Uint8Array(8))],
    ["a long chip id on Turin", replaced(TURIN, `${AMD}.4`, HW_ID)],
    ["an FMC component on Milan", replaced(MILAN, `${AMD}.3.9`, der.integer(0))],
    ["no FMC component on Turin", replaced(TURIN, `${AMD}.3.9`, undefined)],
    ["a component above 255", replaced(MILAN, `${AMD}.3.8`, der.integer(256))],
    ["a component below 0", replaced(MILAN, `${AMD}.3.8`, der.integer(-1))],
    ["a reserved component that is no number", replaced(MILAN, `${AMD}.3.5`, der.null())],
    ["an integer that is not minimal", replaced(MILAN, `${AMD}.3.8`, fromHex("02020001"))],
    ["bytes after an integer", replaced(MILAN, `${AMD}.3.8`, fromHex("02010100"))],
    ["a product in UTF-8", replaced(MILAN, `${AMD}.2`, der.utf8String("Milan"))],
    ["a product with control characters", replaced(MILAN, `${AMD}.2`, der.ia5String("Milan\0"))],
    ["a provider in a VCEK", replaced(MILAN, `${AMD}.5`, der.ia5String("CN=cloud"))],
    ["a chip in a VLEK", replaced(VLEK, `${AMD}.4`, HW_ID), "VLEK"],
    ["no provider in a VLEK", replaced(VLEK, `${AMD}.5`, undefined), "VLEK"],
    ["an endless provider", replaced(VLEK, `${AMD}.5`, der.ia5String("x".repeat(257))), "VLEK"],
  ])("with %s are refused with VEK_FORMAT", (_, extensions, kind) => {
    expect(codeOf(extensions, kind)).toBe("VEK_FORMAT");
  });

  test("of any bytes are read or refused with VEK_FORMAT", () => {
    const arc = fc.constantFrom("1", "2", "3.1", "3.4", "3.8", "3.9", "4", "5");
    fc.assert(
      fc.property(arc, fc.uint8Array({ maxLength: 70 }), (suffix, value) => {
        const code = codeOf(replaced(MILAN, `${AMD}.${suffix}`, value));
        expect(["accepted", "VEK_FORMAT"]).toContain(code);
      }),
    );
  });
});
