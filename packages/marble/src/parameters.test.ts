import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { utf8 } from "@carrara/encoding";
import { encodeTlsConfig } from "@carrara/manifest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MarbleError } from "./error.ts";
import { ParametersSchema } from "./gen/rpc/coordinator_pb.ts";
import { readParameters } from "./parameters.ts";
import { tlsConfig } from "./testing/start-program.ts";

const read = (init: MessageInitShape<typeof ParametersSchema>) =>
  readParameters(create(ParametersSchema, init));

const ENTRY = { caCert: "ca", cert: "cert", key: "key", clientAuth: true };

describe("readParameters", () => {
  test("gives variables, arguments and files as they are", () => {
    const parameters = read({
      Env: { PORT: utf8("80"), "HAS SPACE": utf8("ä=\n") },
      Argv: ["./app", "--flag"],
      Files: { "/f": new Uint8Array([0, 255]) },
    });
    expect(parameters).toEqual({
      env: new Map([
        ["PORT", "80"],
        ["HAS SPACE", "ä=\n"],
      ]),
      argv: ["./app", "--flag"],
      files: { "/f": new Uint8Array([0, 255]) },
      tls: undefined,
    });
  });

  test("names the program ./marble when there are no arguments", () => {
    expect(read({}).argv).toEqual(["./marble"]);
  });

  test("reads the tls configuration", () => {
    const config = tlsConfig({ "*:80": ENTRY }, {});
    expect(read({ Env: { MARBLE_TTLS_CONFIG: utf8(encodeTlsConfig(config)) } }).tls).toEqual(
      config,
    );
  });

  test.each([
    ["an empty name", { "": utf8("x") }, "PARAMETERS_INVALID"],
    ["a name with an equals sign", { "A=B": utf8("x") }, "PARAMETERS_INVALID"],
    ["a name with a NUL", { "A\0": utf8("x") }, "PARAMETERS_INVALID"],
    ["a value with a NUL", { A: utf8("x\0") }, "PARAMETERS_INVALID"],
    ["a value that is not UTF-8", { A: new Uint8Array([0xff]) }, "PARAMETERS_INVALID"],
    [
      "a tls configuration that is not JSON",
      { MARBLE_TTLS_CONFIG: utf8("{") },
      "TLS_CONFIG_INVALID",
    ],
    [
      "a tls configuration without entries",
      { MARBLE_TTLS_CONFIG: utf8(encodeTlsConfig(tlsConfig({}, {}))) },
      "TLS_CONFIG_INVALID",
    ],
  ])("refuses %s", (_, env, code) => {
    expect(() => read({ Env: env })).toThrow(expect.objectContaining({ code }));
  });

  test("any tls configuration gives parameters or a MarbleError without its text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
        try {
          read({ Env: { MARBLE_TTLS_CONFIG: bytes } });
        } catch (error) {
          expect(error).toBeInstanceOf(MarbleError);
        }
      }),
    );
  });
});
