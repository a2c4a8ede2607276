import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type BallotAnswer,
  commitmentOf,
  encodeKeysStatement,
  keyIdOf,
  outcome,
  type PollRules,
} from "@carrara/ballot";
import { type BallotBox, createBallotBox } from "@carrara/ballot/testing";
import { equalBytes, toBase64, toHex } from "@carrara/encoding";
import { createFakeLog, type FakeLog, votesOf } from "./fake-log.ts";
import type { FakeMesh } from "./fake-mesh.ts";

/** An emoji of the poll. */
export interface FakeChoice {
  readonly shortcode: string;
  readonly unicode: string;
  readonly number: number;
}

/** What tests make go wrong, and right again. */
export interface FakePollSwitches {
  doughnutCounts: boolean;
  /** Ballots that are counted and whose answer gets lost. */
  loseAnswers: number;
  rules: PollRules;
  /** Changes an evidence bundle before it is told. */
  distort: (bundle: Record<string, unknown>) => void;
  /** False: without the route of events, as an old server. */
  hasEvents: boolean;
  /** Votes that the board shows for its first row and nobody cast. */
  invented: number;
}

/** A whole poll in this process: the page, its API, a simulated mesh and a ledger in memory. */
export interface FakePoll extends FakePollSwitches {
  /** Without a slash at its end. */
  readonly url: string;
  readonly mesh: FakeMesh;
  readonly log: FakeLog;
  /** Bodies of the ballots that arrived. */
  readonly received: readonly Uint8Array[];
  /** Casts a vote of somebody else. */
  vote(shortcode: string): void;
  /** A new key for ballots, as after a restart of the voting service. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const POLL = "emojivoto";
const POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  ico: "image/x-icon",
};
const OPEN: PollRules = {
  opens: undefined,
  closes: undefined,
  revote: "unlimited",
  interimResults: "shown",
};

/**
 * Starts one on a free port of the loopback interface over a mesh that outlives it; `files` is the
 * built page by path.
 */
export async function startFakePoll({
  mesh,
  files,
  choices,
}: {
  readonly mesh: FakeMesh;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly choices: readonly FakeChoice[];
}): Promise<FakePoll> {
  const log = createFakeLog(POLL);
  const received: Uint8Array[] = [];
  const counted = new Map<string, number>();
  const voters = new Map<string, string>();
  const viewers = new Set<ServerResponse>();
  let box: BallotBox = await createBallotBox(POLL);

  const boardOf = () => {
    const { rules } = poll;
    const isClosed = rules.closes !== undefined && rules.closes <= new Date();
    const isHidden = rules.interimResults === "hidden" && !isClosed;
    const rows = (isHidden ? [] : rowsOf(log, choices)).map((row, index) =>
      index === 0 ? { ...row, votes: row.votes + poll.invented } : row,
    );
    return {
      results: rows,
      total: rows.reduce((sum, { votes }) => sum + votes, 0),
      superseded: 0,
      treeSize: log.ballots.length,
      poll: {
        state: isClosed ? "closed" : "open",
        opens: rules.opens?.toISOString() ?? null,
        closes: rules.closes?.toISOString() ?? null,
        revote: rules.revote,
        interimResults: rules.interimResults,
      },
    };
  };
  const event = () =>
    `event: board\nid: ${log.ballots.length}\ndata: ${JSON.stringify(boardOf())}\n\n`;
  const push = () => {
    for (const viewer of viewers) viewer.write(event());
  };

  const answerTo = async (sealed: Uint8Array): Promise<Uint8Array | undefined> => {
    if (!equalBytes(sealed.subarray(0, 8), keyIdOf(box.publicKey))) return undefined;
    const { ballot, sealAnswer } = await box.open(sealed);
    const choice = choices.find(({ number }) => number === ballot.choice);
    const empty: BallotAnswer = { outcome: outcome.refused, index: 0, proof: [], checkpoint: "" };
    if (choice === undefined) return await sealAnswer({ ...empty, outcome: outcome.noSuchChoice });
    if (choice.shortcode === ":doughnut:" && !poll.doughnutCounts) return await sealAnswer(empty);
    const id = toHex(ballot.ballotId);
    const voter = toHex(ballot.pseudonym);
    if (poll.rules.revote === "once" && voters.get(voter) !== undefined && !counted.has(id)) {
      return await sealAnswer({ ...empty, outcome: outcome.alreadyVoted });
    }
    voters.set(voter, id);
    const index = counted.get(id) ?? log.append({ ...ballot, commitment: codeOf(ballot) });
    counted.set(id, index);
    const [proof, checkpoint] = [log.inclusion(index), log.checkpoint()];
    push();
    return await sealAnswer({ outcome: outcome.counted, index, proof, checkpoint });
  };
  const codeOf = ({ choice, opening }: { choice: number; opening: Uint8Array }) =>
    commitmentOf({ poll: POLL, choice, opening });

  const evidence = async () => {
    const statement = encodeKeysStatement({
      poll: POLL,
      hpkeKeys: [box.publicKey],
      logKey: log.key,
      rules: poll.rules,
      witnesses: [],
    });
    const bundle: Record<string, unknown> = {
      type: "carrara.evidence.v1",
      coordinator: await mesh.answers(),
      ballotKeys: [mesh.signKeys(statement)],
      site: { chain: mesh.siteChain },
      checkpoint: log.checkpoint(),
      tally: poll.rules.interimResults === "hidden" ? null : log.tally(),
    };
    poll.distort(bundle);
    return bundle;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://poll");
    const number = (name: string) => Number(url.searchParams.get(name));
    switch (url.pathname) {
      case "/api/list":
        return json(response, 200, choices);
      case "/api/v2/leaderboard":
        return json(response, 200, boardOf());
      case "/api/v2/leaderboard/events":
        if (!poll.hasEvents) return json(response, 404, { error: "Not found" });
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(event());
        viewers.add(response);
        response.once("close", () => viewers.delete(response));
        return;
      case "/api/v2/evidence":
        response.setHeader("access-control-allow-origin", "*");
        return json(response, 200, await evidence());
      case "/api/v2/ballot/checkpoint":
        response.setHeader("access-control-allow-origin", "*");
        response.end(log.checkpoint());
        return;
      case "/api/v2/ballot/tally":
        response.end(log.tally());
        return;
      case "/api/v2/ballot/consistency": {
        response.setHeader("access-control-allow-origin", "*");
        const hashes = log.consistency(number("from"), number("to")).map(toBase64);
        return json(response, 200, { hashes });
      }
      case "/api/v2/ballot": {
        const sealed = await bodyOf(request);
        if (boardOf().poll.state === "closed") {
          return json(response, 403, { error: "the poll is closed", code: "POLL_CLOSED" });
        }
        received.push(sealed);
        const answer = await answerTo(sealed);
        if (answer === undefined) {
          const code = "BALLOT_KEY_UNKNOWN";
          return json(response, 422, { error: "no such key", code });
        }
        if (poll.loseAnswers > 0) {
          poll.loseAnswers -= 1;
          response.destroy();
          return;
        }
        response.end(answer);
        return;
      }
      default:
        page(response, files, url.pathname);
    }
  };

  const server = createServer((request, response) => {
    response.setHeader("content-security-policy", POLICY);
    handle(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const poll: FakePoll = {
    url: `http://127.0.0.1:${port}`,
    mesh,
    log,
    received,
    doughnutCounts: false,
    loseAnswers: 0,
    rules: OPEN,
    hasEvents: true,
    invented: 0,
    distort: () => undefined,
    vote(shortcode) {
      const number = choices.find((choice) => choice.shortcode === shortcode)?.number ?? 0;
      const opening = createHash("sha256").update(`${log.ballots.length}`).digest();
      log.append({ choice: number, commitment: codeOf({ choice: number, opening }) });
      push();
    },
    async restart() {
      box = await createBallotBox(POLL);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return poll;
}

function rowsOf(log: FakeLog, choices: readonly FakeChoice[]) {
  const places = new Map(choices.map((choice, index) => [choice.number, { choice, index }]));
  return votesOf(log.ballots)
    .flatMap(({ choice, votes }) => {
      const place = places.get(choice);
      return place === undefined ? [] : [{ ...place, votes }];
    })
    .sort((a, b) => b.votes - a.votes || a.index - b.index)
    .map(({ choice: { shortcode, unicode }, votes }) => ({ shortcode, unicode, votes }));
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(value));
}

function page(
  response: ServerResponse,
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
): void {
  const file = files.get(path.slice(1));
  const isView = ["/", "/leaderboard", "/verify"].includes(path);
  const name = file === undefined ? "index.html" : path;
  response.writeHead(file === undefined && !isView ? 404 : 200, {
    "content-type": TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
  });
  response.end(file ?? files.get("index.html"));
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
