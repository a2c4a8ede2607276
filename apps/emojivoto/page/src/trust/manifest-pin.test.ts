import type { EvidenceFacts } from "@carrara/client/evidence";
import { utf8 } from "@carrara/encoding";
import { parseManifest } from "@carrara/manifest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareWithPin, type ManifestPin, parsePin, pinOf } from "./manifest-pin.ts";

const NOW = new Date("2026-12-01T12:00:00Z");

/** Facts of a mesh whose voting program has `version`. */
function facts(version: number, changes: Partial<EvidenceFacts> = {}): EvidenceFacts {
  const pkg = { SignerID: "11".repeat(32), ProductID: 6, SecurityVersion: version };
  const bytes = utf8(JSON.stringify({ Packages: { voting: pkg } }));
  return {
    coordinator: undefined,
    rootSha256: "aa",
    manifest: { bytes, fingerprint: `f${version}`, manifest: parseManifest(bytes) },
    updates: [],
    keys: [],
    logKey: undefined,
    site: undefined,
    checkpoint: undefined,
    tally: undefined,
    ...changes,
  };
}

function pin(version: number): ManifestPin {
  const made = pinOf(facts(version), NOW);
  if (made === undefined) throw new TypeError("no pin");
  return made;
}

describe("a pinned manifest", () => {
  test("is not there at first, then the same", () => {
    expect(compareWithPin(facts(1), undefined)).toEqual({ kind: "first" });
    expect(compareWithPin(facts(1), pin(1)).kind).toBe("same");
    expect(parsePin(JSON.stringify(pin(1)))).toEqual(pin(1));
  });

  test("that changed is told in words", () => {
    const found = compareWithPin(facts(2), pin(1));
    expect(found).toMatchObject({ kind: "changed", isOtherRoot: false });
    expect(found.kind === "changed" && found.sentences.join()).toMatch(/voting.*1.*2/);
  });

  test("is another when the root certificate is, although nothing else changed", () => {
    const found = compareWithPin(facts(1, { rootSha256: "bb" }), pin(1));
    expect(found).toMatchObject({ kind: "changed", isOtherRoot: true, sentences: [] });
  });

  test("is told when nothing but a simulation vouches any more", () => {
    const found = compareWithPin(facts(1), { ...pin(1), assurance: "hardware" });
    expect(found).toMatchObject({ kind: "changed", otherAssurance: "none" });
  });

  test("that was damaged in the browser's storage is compared without words", () => {
    const found = compareWithPin(facts(2), { ...pin(1), manifest: "*" });
    expect(found).toMatchObject({ kind: "changed", sentences: [] });
  });

  test("is none for any other text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parsePin(text)).toBeUndefined();
      }),
    );
    expect(parsePin(undefined)).toBeUndefined();
  });

  test("does not exist without a manifest", () => {
    expect(pinOf(facts(1, { manifest: undefined }), NOW)).toBeUndefined();
  });
});
