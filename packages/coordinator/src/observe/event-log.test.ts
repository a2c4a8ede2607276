import { expect, test } from "vitest";
import { createEventLog } from "./event-log.ts";

const clock = () => new Date("2026-11-20T10:11:12.345Z");
const event = (uuid: string) => ({ marbleType: "web", uuid, quote: new Uint8Array([1, 2, 3]) });

test("no events are null", () => {
  expect(createEventLog(clock).json()).toBe("null");
});

test("an event has upstream's form, and a marble without quote has null there", () => {
  const events = createEventLog(clock);
  events.add(event("u"));
  events.add({ ...event("v"), quote: new Uint8Array(0) });
  expect(events.json()).toBe(
    '[{"time":"2026-11-20T10:11:12.345Z","activation":{"marbleType":"web","uuid":"u","quote":"AQID"}},' +
      '{"time":"2026-11-20T10:11:12.345Z","activation":{"marbleType":"web","uuid":"v","quote":null}}]',
  );
});

test.each([0, 1, 2, 3, 4, 5, 7, 9])("of %i events the last three are kept, in order", (count) => {
  const events = createEventLog(clock, 3);
  const all = Array.from({ length: count }, (_, i) => `u${i}`);
  for (const uuid of all) events.add(event(uuid));
  const kept = (JSON.parse(events.json()) ?? []).map(
    (each: { activation: { uuid: string } }) => each.activation.uuid,
  );
  expect(kept).toEqual(all.slice(-3));
  expect(events.dropped()).toBe(Math.max(0, count - 3));
});
