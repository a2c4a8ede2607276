import { type CoordinatorHost, createHttpsTransport, type Transport } from "@carrara/client";
import type { PublicState } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import { coalesce } from "./coalesce.ts";
import { signedKeysOf } from "./public-documents.ts";

/** All that a verifier needs of the mesh (docs/design/ballot.md). Whoever hands it over is trusted for nothing. */
export interface EvidenceSource {
  /** The JSON document. Rejects with the client's errors when the Coordinator does not answer. */
  bundle(state: PublicState): Promise<Uint8Array>;
}

/** What the Coordinator is asked; all of it is public. */
const ROUTES = [
  "/api/v2/quote",
  "/api/v2/collateral",
  "/api/v2/manifest",
  "/api/v2/update",
  "/api/v2/status",
] as const;
/** Evidence and manifests change seldom; a Coordinator is asked at most so often, however many ask web. */
const FRESH_MS = 5_000;
const TIMEOUT_MS = 5_000;

interface CoordinatorAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Base64. */
  readonly body: string;
}

/** Creates a source over the Coordinator at `host`, whose TLS must lead to `rootPem`. */
export function createEvidenceSource(options: {
  readonly host: CoordinatorHost;
  readonly rootPem: () => string;
  /** PEM of the certificate that web presents, its issuer and the root. */
  readonly siteChain: () => string;
  readonly now: () => number;
  readonly transport?: Transport;
}): EvidenceSource {
  const { host, rootPem, siteChain, now } = options;
  const transport = options.transport ?? createHttpsTransport({ host, timeoutMs: TIMEOUT_MS });
  let kept:
    | { readonly answers: Record<string, CoordinatorAnswer>; readonly until: number }
    | undefined;

  const ask = async (path: string): Promise<CoordinatorAnswer> => {
    const trust = { kind: "pinned", rootPem: rootPem() } as const;
    const { status, body } = await transport({ method: "GET", path, trust });
    return {
      status,
      contentType: "application/json",
      body: Buffer.from(body).toString("base64"),
    };
  };
  const answers = coalesce(async () => {
    if (kept !== undefined && now() < kept.until) return kept.answers;
    const all = await Promise.all(
      ROUTES.map(async (path) => [`GET ${path}`, await ask(path)] as const),
    );
    kept = { answers: Object.fromEntries(all), until: now() + FRESH_MS };
    return kept.answers;
  });

  return {
    bundle: async (state) => {
      const document = {
        type: "carrara.evidence.v1",
        coordinator: await answers(),
        ballotKeys: signedKeysOf(state),
        site: { chain: siteChain() },
        checkpoint: state.checkpoint,
        tally: state.tally || null,
      };
      return Buffer.from(`${JSON.stringify(document)}\n`);
    },
  };
}
