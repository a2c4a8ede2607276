import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCoordinatorHost, parseCoordinatorHost } from "./coordinator-host.ts";
import { ClientError } from "./error.ts";

test.each([
  ["localhost:4433", { name: "localhost", port: 4433 }],
  ["mesh.example.org", { name: "mesh.example.org", port: 4433 }],
  ["10.0.0.7:1", { name: "10.0.0.7", port: 1 }],
  ["[::1]:65535", { name: "::1", port: 65_535 }],
])("%s is a host", (text, host) => {
  expect(parseCoordinatorHost(text)).toEqual(host);
});

test.each(["", "https://localhost:4433", "a:0", "a:65536", "a:b", "a b", "::1", "a/b", "a@b:1"])(
  "%j is refused with HOST_INVALID",
  (text) => {
    expect(() => parseCoordinatorHost(text)).toThrow(
      expect.objectContaining({ name: "ClientError", code: "HOST_INVALID" }),
    );
  },
);

test("any text is a host that formats back, or HOST_INVALID", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const host = parseCoordinatorHost(text);
        expect(parseCoordinatorHost(formatCoordinatorHost(host))).toEqual(host);
      } catch (error) {
        expect(error).toBeInstanceOf(ClientError);
      }
    }),
  );
});
