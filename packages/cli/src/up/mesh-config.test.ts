import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { parseMeshConfig } from "./mesh-config.ts";

const MESH = {
  manifest: "manifest.json",
  marbles: [
    { type: "back", image: "back", dnsNames: ["back"], listen: { "8080": "back.shop:8080" } },
    { type: "web", image: "front", dnsNames: ["localhost"], listen: { "4433": "web" } },
  ],
  web: { marble: "web", port: 4433 },
  bot: { entry: "src/bot.ts" },
};

const parse = (value: unknown) => parseMeshConfig(utf8(JSON.stringify(value)));

describe("parseMeshConfig", () => {
  test("reads a whole mesh", () => {
    expect(parse(MESH)).toEqual({
      ...MESH,
      marbles: [
        { ...MESH.marbles[0], listen: new Map([["8080", "back.shop:8080"]]) },
        { ...MESH.marbles[1], listen: new Map([["4433", "web"]]) },
      ],
    });
  });

  test("knows a mesh without bot", () => {
    expect(parse({ ...MESH, bot: null })).not.toHaveProperty("bot");
  });

  test.each([
    ["no manifest", { ...MESH, manifest: "" }],
    ["no marbles", { ...MESH, marbles: [] }],
    ["a type twice", { ...MESH, marbles: [...MESH.marbles, ...MESH.marbles] }],
    ["a type with a path in it", { ...MESH, marbles: [{ ...MESH.marbles[1], type: "../x" }] }],
    ["a marble without image", { ...MESH, marbles: [{ ...MESH.marbles[1], image: "" }] }],
    ["a port that is none", { ...MESH, marbles: [{ ...MESH.marbles[1], listen: { http: "x" } }] }],
    ["a web marble that does not exist", { ...MESH, web: { marble: "shop", port: 4433 } }],
    ["a web port nobody listens on", { ...MESH, web: { marble: "web", port: 80 } }],
    ["a wrong type", { ...MESH, marbles: "all" }],
  ])("refuses %s with APP_INVALID", (_, mesh) => {
    expect(() => parse(mesh)).toThrow(
      expect.objectContaining({ name: "CliError", code: "APP_INVALID" }),
    );
  });

  test("gives a value or CliError for any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          parseMeshConfig(utf8(text));
        } catch (error) {
          expect(error).toBeInstanceOf(CliError);
        }
      }),
    );
  });
});
