import { createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { prepareHmac } from "./prepared-hmac.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** HMAC fills a short key up with zeros. */
const padded = (key: Uint8Array): Uint8Array => Buffer.concat([key, Buffer.alloc(32)], 32);

test.each([
  [
    Buffer.alloc(20, 0x0b),
    Buffer.from("Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    Buffer.from("Jefe"),
    Buffer.from("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    Buffer.alloc(20, 0xaa),
    Buffer.alloc(50, 0xdd),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    Buffer.from("0102030405060708090a0b0c0d0e0f10111213141516171819", "hex"),
    Buffer.alloc(50, 0xcd),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
])("RFC 4231, case %#", (key, message, wanted) => {
  expect(hex(prepareHmac(message).of(padded(key)))).toBe(wanted);
});

test("gives what node:crypto gives, for many keys and messages in turn", () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.array(fc.tuple(bytes32, fc.nat(255)), { maxLength: 4 }),
      (message, calls) => {
        const prepared = prepareHmac(message);
        expect(Buffer.from(prepared.message)).toEqual(Buffer.from(message));
        for (const [key, byte] of calls) {
          prepared.message.fill(byte);
          const wanted = createHmac("sha256", key).update(prepared.message).digest();
          expect(prepared.of(key)).toEqual(wanted);
        }
      },
    ),
  );
});

test.each([0, 31, 33, 64])("a key of %d bytes is a mistake of the caller", (length) => {
  expect(() => prepareHmac(new Uint8Array(3)).of(new Uint8Array(length))).toThrow(TypeError);
});
