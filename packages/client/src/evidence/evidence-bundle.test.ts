import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientError } from "../error.ts";
import { createEvidenceWorld } from "../testing/evidence-world.ts";
import { createBundleTransport } from "./bundle-transport.ts";
import { MAX_BUNDLE_BYTES, parseEvidenceBundle } from "./evidence-bundle.ts";

const INVALID = { name: "ClientError", code: "EVIDENCE_BUNDLE_INVALID" };

describe("parseEvidenceBundle", () => {
  test.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["another type", '{"type":"carrara.evidence.v2","coordinator":{}}'],
    ["no answers", '{"type":"carrara.evidence.v1"}'],
    ["an answer without a status", '{"type":"carrara.evidence.v1","coordinator":{"a":{}}}'],
    ["keys that are text", '{"type":"carrara.evidence.v1","coordinator":{},"ballotKeys":"x"}'],
    [
      "a checkpoint that is a number",
      '{"type":"carrara.evidence.v1","coordinator":{},"checkpoint":1}',
    ],
    ["more text than is read", " ".repeat(MAX_BUNDLE_BYTES + 1)],
  ])("refuses %s with EVIDENCE_BUNDLE_INVALID", (_, text) => {
    expect(() => parseEvidenceBundle(text)).toThrow(expect.objectContaining(INVALID));
  });

  test("gives a bundle or EVIDENCE_BUNDLE_INVALID for any JSON", () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        const members = `"coordinator":${one},"site":${other},"ballotKeys":${other}`;
        try {
          parseEvidenceBundle(`{"type":"carrara.evidence.v1",${members}}`);
        } catch (error) {
          expect(error).toBeInstanceOf(ClientError);
          expect(error).toMatchObject(INVALID);
        }
      }),
    );
  });

  test("a transport over it answers as the Coordinator did, 405 to the rest, and names broken base64", async () => {
    const written = await (await createEvidenceWorld()).bundle();
    Object.assign(written.coordinator, { "GET /broken": { status: 200, body: "*" } });
    const transport = createBundleTransport(parseEvidenceBundle(JSON.stringify(written)));
    const get = async (path: string) =>
      await transport({ method: "GET", path, trust: { kind: "unverified" } });
    expect((await get("/api/v2/quote")).status).toBe(200);
    expect((await get("/api/v2/secrets")).status).toBe(405);
    await expect(get("/broken")).rejects.toMatchObject(INVALID);
  });
});
