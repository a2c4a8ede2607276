import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { toBase64 } from "@carrara/encoding";
import { encodeVerifierKey, parseVerifierKey, type VerifierKey } from "@carrara/transparency";
import { type BallotLog, POLL } from "./ballot-log.ts";
import type { BallotMesh } from "./ballot-mesh.ts";

/** What a poll's site shows. */
export interface ShownState {
  readonly board: BallotLog;
  /** The note, with cosignatures perhaps; the board's latest unless given. */
  readonly checkpoint?: string;
  /** Null: results are hidden. The board's own unless given. */
  readonly tally?: string | null;
  readonly witnesses?: readonly VerifierKey[];
  /** Type of the marble that signs the keys. */
  readonly marbleType?: string;
}

/** Text of the evidence bundle of a mesh and a poll. */
export async function evidenceBundle(mesh: BallotMesh, state: ShownState): Promise<string> {
  const { board, witnesses = [], marbleType } = state;
  const statement = {
    poll: POLL,
    hpkeKeys: [new Uint8Array(32).fill(7)],
    logKey: board.log.key,
    rules: {
      opens: undefined,
      closes: undefined,
      revote: "unlimited",
      interimResults: "shown",
    } as const,
    witnesses: witnesses.map((key) => parseVerifierKey(encodeVerifierKey(key))),
  };
  return JSON.stringify({
    type: "carrara.evidence.v1",
    coordinator: mesh.coordinator,
    ballotKeys: [await mesh.signKeys(statement, marbleType)],
    site: { chain: mesh.site.pem },
    checkpoint: state.checkpoint ?? board.log.checkpoint(),
    tally: state.tally === undefined ? board.tally() : state.tally,
  });
}

/** A poll's web service, as far as auditors see it. */
export interface BallotSite {
  /** `https://localhost:PORT`. */
  readonly url: string;
  /** What it shows from now on. */
  show(state: ShownState): void;
  /** Has a route answer this status from now on. */
  fail(path: string, status: number): void;
  close(): Promise<void>;
}

/** Starts one on a free loopback port, with the certificate of `certificates`. */
export async function startBallotSite(
  mesh: BallotMesh,
  first: ShownState,
  certificates: BallotMesh = mesh,
): Promise<BallotSite> {
  let state = first;
  const failures = new Map<string, number>();
  const answer = async (url: URL): Promise<string> => {
    if (url.pathname === "/api/v2/evidence") return await evidenceBundle(mesh, state);
    const [from, to] = ["from", "to"].map((name) => Number(url.searchParams.get(name)));
    const { log } = state.board;
    return JSON.stringify({ hashes: log.consistency(from ?? 0, to).map(toBase64) });
  };
  const { pem: cert, keyPem: key } = certificates.site;
  const server = createServer({ cert, key }, (request, response) => {
    const url = new URL(request.url ?? "/", "https://localhost");
    const status = failures.get(url.pathname);
    if (status !== undefined) response.writeHead(status).end("no\n");
    else
      answer(url).then(
        (text) => response.end(text),
        () => response.destroy(),
      );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    show: (next) => {
      state = next;
    },
    fail: (path, status) => void failures.set(path, status),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
