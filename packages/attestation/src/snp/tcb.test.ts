import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { productOfCpuid, productOfName, type SnpProduct } from "./product.ts";
import { componentsBelow, decodeSnpTcb, encodeSnpTcb, isSameTcb } from "./tcb.ts";

const RAW = new Uint8Array([10, 11, 12, 13, 14, 15, 16, 17]);
const TCB = { bootloader: 4, tee: 0, snp: 24, microcode: 219 };

describe("a TCB_VERSION", () => {
  test.each<[SnpProduct, object]>([
    ["Milan", { bootloader: 10, tee: 11, snp: 16, microcode: 17 }],
    ["Genoa", { bootloader: 10, tee: 11, snp: 16, microcode: 17 }],
    ["Turin", { fmc: 10, bootloader: 11, tee: 12, snp: 13, microcode: 17 }],
  ])("is read in the byte order of %s", (product, tcb) => {
    expect(decodeSnpTcb(RAW, product)).toEqual(tcb);
  });

  test.each<SnpProduct>(["Milan", "Genoa", "Turin"])(
    "of %s comes back from its bytes",
    (product) => {
      const spl = fc.nat(255);
      const common = { bootloader: spl, tee: spl, snp: spl, microcode: spl };
      const tcb = product === "Turin" ? fc.record({ ...common, fmc: spl }) : fc.record(common);
      fc.assert(
        fc.property(tcb, (made) => {
          expect(decodeSnpTcb(encodeSnpTcb(made, product), product)).toEqual(made);
        }),
      );
    },
  );

  test("with a component that is missing, out of range or of another product is a TypeError", () => {
    expect(() => encodeSnpTcb(TCB, "Turin")).toThrow(TypeError);
    expect(() => encodeSnpTcb({ ...TCB, fmc: 1 }, "Milan")).toThrow(TypeError);
    expect(() => encodeSnpTcb({ ...TCB, snp: 256 }, "Milan")).toThrow(TypeError);
  });
});

describe("comparing", () => {
  test("takes every component by itself", () => {
    expect(componentsBelow(TCB, { ...TCB, bootloader: 3 })).toEqual([]);
    expect(componentsBelow(TCB, { bootloader: 5, microcode: 220, snp: 1 })).toEqual([
      "bootloader",
      "microcode",
    ]);
  });

  test("counts what is not there, and bounds that are no numbers, as below", () => {
    expect(componentsBelow(TCB, { fmc: 0 })).toEqual(["fmc"]);
    expect(componentsBelow(TCB, { snp: Number.NaN })).toEqual(["snp"]);
    const untyped: object = { ucode: 1 };
    expect(componentsBelow(TCB, untyped)).toEqual(["ucode"]);
  });

  test("finds another component different", () => {
    expect(isSameTcb(TCB, { ...TCB })).toBe(true);
    expect(isSameTcb(TCB, { ...TCB, tee: 1 })).toBe(false);
    expect(isSameTcb(TCB, { ...TCB, fmc: 0 })).toBe(false);
  });
});

describe("the product", () => {
  test.each([
    [0x19, 0x00, "Milan"],
    [0x19, 0x0f, "Milan"],
    [0x19, 0x10, "Genoa"],
    [0x19, 0x1f, "Genoa"],
    [0x19, 0x20, undefined],
    [0x19, 0xa0, "Genoa"],
    [0x19, 0xaf, "Genoa"],
    [0x19, 0xb0, undefined],
    [0x1a, 0x00, "Turin"],
    [0x1a, 0x11, "Turin"],
    [0x1a, 0x12, undefined],
    [0x1a, 0x50, undefined],
    [0x17, 0x01, undefined],
  ])("of family %i, model %i is %s", (family, model, product) => {
    expect(productOfCpuid({ family, model, stepping: 0 })).toBe(product);
  });

  test.each([
    ["Milan", "Milan"],
    ["Milan-B0", "Milan"],
    ["Genoa", "Genoa"],
    ["Turin", "Turin"],
    ["Milano", undefined],
    ["milan", undefined],
    ["", undefined],
  ])("named %s is %s", (name, product) => {
    expect(productOfName(name)).toBe(product);
  });
});
