import { expect, test } from "vitest";
import { pollOriginOf } from "./poll-origin.ts";

test.each([
  ["https://vote.example/verify?x=1", "https://vote.example"],
  ["vote.example:8443", "https://vote.example:8443"],
  [" https://LOCALHOST:8443 ", "https://localhost:8443"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["http://vote.example", undefined],
  ["ftp://vote.example", undefined],
  ["javascript:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["https://[::1]:8443", "https://[::1]:8443"],
  ["https://vote.example;reboot", undefined],
  ["https://$(reboot).example", undefined],
  ["https://`reboot`.example", undefined],
  ["", undefined],
])("the poll at %s has the origin %s", (address, origin) => {
  expect(pollOriginOf(address)).toBe(origin);
});
