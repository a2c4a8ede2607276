import fc from "fast-check";
import { expect, test } from "vitest";
import { LedgerError } from "../error.ts";
import { RECORD_BYTES } from "./ballot-record.ts";
import { chainAfter, type GroupHeader, openGroup, parseGroupHeader, sealGroup } from "./group.ts";
import { deriveLedgerKeys } from "./ledger-keys.ts";

const keys = deriveLedgerKeys(new Uint8Array(32).fill(1), "test");

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const groups = fc.integer({ min: 1, max: 20 }).chain((count) =>
  fc.record({
    header: fc.record({
      writer: bytes(16),
      counter: fc.integer({ min: 0, max: 2 ** 47 }),
      firstIndex: fc.integer({ min: 0, max: 2 ** 47 }),
      count: fc.constant(count),
      previous: bytes(32),
    }),
    records: bytes(count * RECORD_BYTES),
  }),
);

const plain = (header: GroupHeader) => ({
  ...header,
  writer: new Uint8Array(header.writer),
  previous: new Uint8Array(header.previous),
});

test("a group opens to what was sealed, wherever it lies", () => {
  fc.assert(
    fc.property(groups, bytes(7), ({ header, records }, before) => {
      const group = sealGroup(keys, header, records);
      const opened = openGroup(keys, group);
      expect(plain(opened.header)).toMatchObject(header);
      expect(new Uint8Array(opened.records)).toEqual(records);
      const among = Buffer.concat([before, group, before]);
      expect(parseGroupHeader(among, 7)).toMatchObject({ groupBytes: group.length });
    }),
  );
});

test("no flipped bit of a group passes, and no byte more or less", () => {
  fc.assert(
    fc.property(groups, fc.nat(), fc.nat(7), ({ header, records }, place, bit) => {
      const group = sealGroup(keys, header, records);
      const at = place % group.length;
      for (const changed of [group.subarray(0, at), Buffer.concat([group, new Uint8Array(1)])]) {
        expect(() => openGroup(keys, changed)).toThrow(LedgerError);
      }
      group[at] = (group[at] ?? 0) ^ (1 << bit);
      expect(() => openGroup(keys, group)).toThrow(LedgerError);
    }),
  );
});

test("any bytes give a header or undefined, and open to LEDGER_TAMPERED", () => {
  const magic = Buffer.from("CLG1");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (random, withMagic) => {
      const input = withMagic ? Buffer.concat([magic, random]) : random;
      const header = parseGroupHeader(input);
      if (header !== undefined) expect(header.groupBytes).toBeGreaterThan(76);
      expect(() => openGroup(keys, input)).toThrow(
        expect.objectContaining({ code: "LEDGER_TAMPERED" }),
      );
    }),
  );
});

test("a group of another key, poll or writer does not open", () => {
  const header = {
    writer: new Uint8Array(16).fill(1),
    counter: 1,
    firstIndex: 0,
    count: 1,
    previous: new Uint8Array(32),
  };
  const group = sealGroup(keys, header, new Uint8Array(RECORD_BYTES));
  for (const other of [
    deriveLedgerKeys(new Uint8Array(32).fill(2), "test"),
    deriveLedgerKeys(new Uint8Array(32).fill(1), "tesu"),
  ]) {
    expect(() => openGroup(other, group)).toThrow(LedgerError);
  }
});

test("the chain value covers every byte of a group", () => {
  fc.assert(
    fc.property(bytes(80), fc.nat(79), (group, at) => {
      const before = chainAfter(group);
      group[at] = (group[at] ?? 0) ^ 1;
      expect(Buffer.compare(chainAfter(group), before)).not.toBe(0);
    }),
  );
});
