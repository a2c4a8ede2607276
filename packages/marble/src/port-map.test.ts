import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MarbleError } from "./error.ts";
import { hostPortKey } from "./host-port.ts";
import { parsePortMap } from "./port-map.ts";

describe("parsePortMap", () => {
  test("reads where ports really are", () => {
    const text =
      '{"listen":{"8080":"127.0.0.1:41001"},"dial":{"Emoji-svc:8080":"127.0.0.1:41001"}}';
    const target = { host: "127.0.0.1", port: 41001 };
    expect(parsePortMap(text)).toEqual({
      listen: new Map([[8080, target]]),
      dial: new Map([["emoji-svc:8080", target]]),
    });
  });

  test("takes absent parts for empty ones", () => {
    expect(parsePortMap("{}")).toEqual({ listen: new Map(), dial: new Map() });
  });

  test.each([
    "",
    "null",
    "[]",
    '{"other":{}}',
    '{"listen":[]}',
    '{"listen":null}',
    '{"listen":{"0":"127.0.0.1:1"}}',
    '{"listen":{"65536":"127.0.0.1:1"}}',
    '{"listen":{"80":"127.0.0.1"}}',
    '{"listen":{"80":81}}',
    '{"dial":{"host":"127.0.0.1:1"}}',
  ])("refuses %j with PORT_MAP_INVALID", (text) => {
    expect(() => parsePortMap(text)).toThrow(expect.objectContaining({ code: "PORT_MAP_INVALID" }));
  });

  test("refuses a text over its bound", () => {
    const text = `{}${" ".repeat(256 * 1024)}`;
    expect(() => parsePortMap(text)).toThrow(/characters/);
  });

  test("reads back what was written", () => {
    const address = fc.record({ host: fc.ipV4(), port: fc.integer({ min: 1, max: 65535 }) });
    const entries = fc.dictionary(fc.integer({ min: 1, max: 65535 }).map(String), address);
    fc.assert(
      fc.property(entries, (listen) => {
        const wire = Object.entries(listen).map(([port, to]) => [port, hostPortKey(to)]);
        const read = parsePortMap(JSON.stringify({ listen: Object.fromEntries(wire) }));
        expect(read.listen).toEqual(
          new Map(Object.entries(listen).map(([port, to]) => [Number(port), { ...to }])),
        );
      }),
    );
  });

  test("any text gives a map or a MarbleError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parsePortMap(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MarbleError);
        }
      }),
    );
  });
});
