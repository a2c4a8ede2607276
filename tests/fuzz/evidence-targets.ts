import { ClientError, createBundleTransport, parseEvidenceBundle } from "@carrara/client/evidence";
import { utf8 } from "@carrara/encoding";
import { parser, seedsOf, type Target, textOf } from "./target.ts";

/** A bundle of the right form; what it holds is for the verifier, which has targets for each part. */
const BUNDLE = {
  type: "carrara.evidence.v1",
  coordinator: {
    "GET /api/v2/quote": { status: 200, contentType: "application/json", body: "e30=" },
    "GET /api/v2/update": { status: 405, contentType: "", body: "" },
  },
  ballotKeys: [{ statement: "e30=", signature: "MAA=", chain: "-----BEGIN CERTIFICATE-----" }],
  site: { chain: "-----BEGIN CERTIFICATE-----" },
  checkpoint: "carrara.ballot/p/0\n1\nAA==\n\n— p AA==\n",
  tally: null,
};

/** The reader of evidence bundles, and the transport that answers from what it read. */
export function evidenceTargets(): Target[] {
  return [
    {
      ...parser,
      name: "evidence-bundle",
      grammar: "json",
      refusals: [ClientError],
      seeds: seedsOf([utf8(JSON.stringify(BUNDLE))]),
      read: async (input) => {
        const bundle = parseEvidenceBundle(textOf(input));
        const transport = createBundleTransport(bundle);
        const trust = { kind: "unverified" } as const;
        for (const route of bundle.coordinator.keys()) {
          const [, path = ""] = route.split(" ");
          await transport({ method: "GET", path, trust });
        }
      },
    },
  ];
}
