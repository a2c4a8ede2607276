import { expect, test } from "vitest";
import { createKeyedHash } from "./keyed-hash.ts";

test("is HalfSipHash-2-4 as its authors' vector for 16 bytes has it", () => {
  const count = (length: number) => Uint8Array.from({ length }, (_, i) => i);
  const { low, high } = createKeyedHash(count(8))(count(20), 0);
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(low, 0);
  bytes.writeUInt32LE(high, 4);
  expect(bytes.toString("hex")).toBe("7336aad25f7bf3b5");
});

test("hashes the 16 bytes at an offset, under its key", () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => 255 - i);
  const hash = createKeyedHash(new Uint8Array(8).fill(1));
  const there = { ...hash(bytes, 9) };
  expect(hash(bytes.slice(9, 25), 0)).toEqual(there);
  expect(createKeyedHash(new Uint8Array(8).fill(2))(bytes, 9)).not.toEqual(there);
});
