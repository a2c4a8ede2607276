import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTraceParent } from "./trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const parse = (traceparent: string | undefined, tracestate?: string) =>
  parseTraceParent({ traceparent, tracestate });

test("the caller's trace, span and sampling are read", () => {
  const expected = { traceId: TRACE, spanId: SPAN, traceFlags: 1, isRemote: true };
  expect(parse(`00-${TRACE}-${SPAN}-01`)).toEqual(expected);
  expect(parse(`00-${TRACE}-${SPAN}-02`)).toEqual({ ...expected, traceFlags: 0 });
  // A later version may say more.
  expect(parse(`cc-${TRACE}-${SPAN}-01-more`)).toEqual(expected);
});

test.each([
  undefined,
  "",
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
  `cc-${TRACE}-${SPAN}-01-${"x".repeat(200)}`,
])("the malformed traceparent %j is ignored", (text) => {
  expect(parse(text)).toBeUndefined();
});

test("tracestate goes along up to its bound", () => {
  const traced = (state: string) => parse(`00-${TRACE}-${SPAN}-01`, state)?.traceState?.serialize();
  expect(traced("a=1,b=2")).toBe("a=1,b=2");
  expect(traced(`a=${"x".repeat(512)}`)).toBeUndefined();
});

test("any text gives a valid context or none", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (traceparent, tracestate) => {
      const context = parse(traceparent, tracestate);
      expect(context === undefined || /^[0-9a-f]{32}$/.test(context.traceId)).toBe(true);
    }),
  );
});
