import { generateKeyPairSync, sign } from "node:crypto";
import { logKeyOf } from "@carrara/ballot";
import {
  cosignCheckpoint,
  createVerifierKey,
  encodeCheckpoint,
  encodeNote,
  parseCheckpoint,
  parseNote,
} from "@carrara/transparency";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  createEvidenceWorld,
  type EvidenceWorld,
  WORLD_TIME,
  type WorldBundle,
} from "../testing/evidence-world.ts";
import { parseEvidenceBundle } from "./evidence-bundle.ts";
import type { EvidenceReport } from "./evidence-report.ts";
import { verifyEvidenceBundle } from "./verify-evidence-bundle.ts";

let world: EvidenceWorld;
beforeAll(async () => {
  world = await createEvidenceWorld();
});

async function verify(bundle: WorldBundle, now: Date = WORLD_TIME): Promise<EvidenceReport> {
  return await verifyEvidenceBundle({
    bundle: parseEvidenceBundle(JSON.stringify(bundle)),
    policy: { insecure: true },
    now,
  });
}

/** Ids of findings, failed ones with their code. */
function found({ findings }: EvidenceReport): readonly string[] {
  return findings.map(({ id, refusal }) => (refusal === undefined ? id : `${id} ${refusal.code}`));
}

function flip(text: string, at: number): string {
  const byte = text.charCodeAt(at) === 65 ? "B" : "A";
  return `${text.slice(0, at)}${byte}${text.slice(at + 1)}`;
}

describe("verifyEvidenceBundle", () => {
  test("says of a mesh without evidence that it is unproven, and verifies all the rest", async () => {
    const report = await verify(await world.bundle());
    expect(report.verdict).toBe("unproven");
    expect(found(report)).toEqual([
      "coordinator.unproven",
      "manifest.signed",
      "updates.none",
      "site.attested",
      "keys.attested",
      "checkpoint.signed",
      "witnesses.none",
      "tally.signed",
    ]);
    const { facts, findings } = report;
    expect(findings.find(({ id }) => id === "updates.none")?.sentence).toContain("2026-11-01");
    expect(facts.site).toMatchObject({ commonName: "localhost", dnsNames: ["localhost"] });
    expect(facts.manifest?.manifest.packages.get("voting")?.securityVersion).toBe(1);
    expect(facts.logKey).toEqual(world.logKey);
    expect(facts.checkpoint?.size).toBe(3);
    expect(facts.tally?.counted).toBe(2);
  });

  test("refuses a mesh without evidence when a program is expected", async () => {
    const identity = {
      uniqueId: new Uint8Array(32),
      productId: 0,
      securityVersion: 0,
      debug: false,
    };
    const report = await verifyEvidenceBundle({
      bundle: parseEvidenceBundle(JSON.stringify(await world.bundle())),
      policy: { insecure: true, identity },
      now: WORLD_TIME,
    });
    expect(report.verdict).toBe("refused");
    expect(report.findings[0]).toMatchObject({ id: "coordinator.unproven", verdict: "failed" });
  });

  test("refuses a mesh without evidence under a strict policy, and looks no further", async () => {
    const report = await verifyEvidenceBundle({
      bundle: parseEvidenceBundle(JSON.stringify(await world.bundle())),
      policy: { insecure: false },
      now: WORLD_TIME,
    });
    expect(report.verdict).toBe("refused");
    expect(found(report)).toEqual(["coordinator.refused EVIDENCE_MISSING"]);
    expect(report.facts.keys).toEqual([]);
  });

  test("takes raised security versions from the update log, and never lowered ones", async () => {
    const bundle = await world.bundle();
    const raise = (version: number) =>
      JSON.stringify({ time: "t", update: "u", package: "voting", "new version": version });
    const answer = { status: "success", data: { updateLog: [raise(5), raise(2), "no json"] } };
    const body = Buffer.from(JSON.stringify(answer)).toString("base64");
    bundle.coordinator["GET /api/v2/update"] = { status: 200, contentType: "", body };
    const { facts, findings } = await verify(bundle);
    expect(facts.manifest?.manifest.packages.get("voting")?.securityVersion).toBe(5);
    expect(facts.updates?.map(({ text }) => text)).toEqual(["u", "u", "no json"]);
    expect(findings.map(({ id }) => id)).toContain("updates.some");
  });

  test("accepts a site certificate from before an update, and says so", async () => {
    const bundle = await world.bundle();
    bundle.site.chain = await world.renewedSiteChain();
    const report = await verify(bundle);
    expect(report.verdict).toBe("unproven");
    expect(found(report)).toContain("site.earlier");
  });

  test("names the witnesses that have seen the ledger, and says when none has", async () => {
    const pair = generateKeyPairSync("ed25519");
    const raw = Buffer.from(pair.publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const witness = createVerifierKey("witness.example/w1", "cosignature", new Uint8Array(raw));
    const bundle = await world.bundle();
    bundle.ballotKeys = [await world.signedKeys({ witnesses: [witness] })];
    expect(found(await verify(bundle))).toContain("witnesses.silent");
    const { text, signatures } = parseNote(bundle.checkpoint ?? "");
    const signer = (message: Uint8Array) => new Uint8Array(sign(null, message, pair.privateKey));
    const cosignature = cosignCheckpoint(text, witness, signer, 1_780_000_000);
    bundle.checkpoint = encodeNote({ text, signatures: [...signatures, cosignature] });
    const { findings, facts } = await verify(bundle);
    const seen = findings.find(({ id }) => id === "witnesses.cosigned");
    expect(seen?.sentence).toContain("1 of 1 independent witnesses");
    expect(facts.checkpoint?.cosignedBy).toEqual([
      { name: "witness.example/w1", timeSeconds: 1_780_000_000 },
    ]);
  });

  test("names what is not told, without refusing it", async () => {
    const bundle = await world.bundle();
    delete bundle.coordinator["GET /api/v2/update"];
    Object.assign(bundle, { checkpoint: null, tally: null, site: null });
    const report = await verify(bundle);
    expect(report.verdict).toBe("unproven");
    expect(found(report)).toEqual(
      expect.arrayContaining([
        "updates.unknown",
        "site.missing",
        "checkpoint.missing",
        "tally.missing",
      ]),
    );
  });
});

describe("verifyEvidenceBundle refuses", () => {
  async function refused(change: (bundle: WorldBundle) => unknown, now?: Date): Promise<string[]> {
    const bundle = await world.bundle();
    await change(bundle);
    const report = await verify(bundle, now);
    expect(report.verdict).toBe("refused");
    return found(report).filter((each) => each.includes(" ") || each === "keys.missing");
  }

  test("keys of a marble of another type with KEYS_CERTIFICATE_INVALID", async () => {
    const codes = await refused(async (bundle) => {
      bundle.ballotKeys = [await world.signedKeys({}, "web")];
    });
    expect(codes).toEqual(["keys.refused KEYS_CERTIFICATE_INVALID"]);
  });

  test("voting services that disagree about the rules with BALLOT_KEYS_DISAGREE", async () => {
    const rules = {
      opens: undefined,
      closes: undefined,
      revote: "once",
      interimResults: "shown",
    } as const;
    const codes = await refused(async (bundle) => {
      bundle.ballotKeys.push(await world.signedKeys({ rules }));
    });
    expect(codes).toEqual(["keys.disagree BALLOT_KEYS_DISAGREE"]);
  });

  test("a mesh whose voting service tells no key", async () => {
    expect(
      await refused((bundle) => {
        bundle.ballotKeys = [];
      }),
    ).toEqual(["keys.missing"]);
  });

  test("a site of another mesh with SITE_CERTIFICATE_FOREIGN", async () => {
    const other = await (await createEvidenceWorld()).bundle();
    expect(
      await refused((bundle) => {
        bundle.site = other.site;
      }),
    ).toEqual(["site.refused SITE_CERTIFICATE_FOREIGN"]);
  });

  test("a site whose certificate has ended with SITE_CERTIFICATE_EXPIRED", async () => {
    const codes = await refused(() => undefined, new Date("2028-01-01T00:00:00Z"));
    expect(codes).toContain("site.refused SITE_CERTIFICATE_EXPIRED");
  });

  test("the manifest of another mesh with MANIFEST_SIGNATURE_INVALID", async () => {
    const other = await (await createEvidenceWorld()).bundle();
    const route = "GET /api/v2/manifest";
    expect(
      await refused((bundle) => {
        Object.assign(bundle.coordinator, { [route]: other.coordinator[route] });
      }),
    ).toEqual(["manifest.refused MANIFEST_SIGNATURE_INVALID"]);
  });

  test("a tally of another tree of the same size with TALLY_OTHER_ROOT", async () => {
    const codes = await refused((bundle) => {
      const { text } = parseNote(bundle.checkpoint ?? "");
      const forked = { ...parseCheckpoint(text), root: new Uint8Array(32).fill(1) };
      bundle.checkpoint = world.signNote(encodeCheckpoint(forked));
    });
    expect(codes).toEqual(["tally.refused TALLY_OTHER_ROOT"]);
  });

  test("checkpoint and tally of another log", async () => {
    const other = await (await createEvidenceWorld()).bundle();
    const codes = await refused((bundle) => {
      Object.assign(bundle, { checkpoint: other.checkpoint, tally: other.tally });
    });
    expect(codes).toEqual([
      "checkpoint.refused SIGNATURE_MISSING",
      "tally.refused SIGNATURE_MISSING",
    ]);
  });

  test("a log key that the statement does not name", async () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const logKey = logKeyOf("emojivoto", new Uint8Array(raw));
    const codes = await refused(async (bundle) => {
      bundle.ballotKeys = [await world.signedKeys({ logKey })];
    });
    expect(codes).toHaveLength(2);
  });

  test("every flipped character of what is signed, or of its signature", async () => {
    const bundle = await world.bundle();
    const [keys] = bundle.ballotKeys;
    const { checkpoint } = bundle;
    if (keys === undefined || checkpoint === null) throw new TypeError("bundle is incomplete");
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("statement", "signature", "checkpoint"),
        fc.nat(),
        async (member, at) => {
          const changed = structuredClone(bundle);
          if (member === "checkpoint") {
            changed.checkpoint = flip(checkpoint, at % (checkpoint.length - 1));
          } else {
            const text = member === "statement" ? keys.statement : keys.signature;
            changed.ballotKeys = [{ ...keys, [member]: flip(text, at % (text.length - 2)) }];
          }
          const { verdict } = await verify(changed);
          expect(verdict).toBe("refused");
        },
      ),
      { numRuns: 60 },
    );
  });
});
