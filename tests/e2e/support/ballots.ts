import { request } from "node:https";
import {
  type BallotAnswer,
  type BallotFields,
  commitmentOf,
  createReceipt,
  type KeysStatement,
  parseReceipt,
  parseSignedKeysList,
  type Receipt,
  sealBallot,
  verifySignedKeys,
} from "@carrara/ballot";
import type { TestMesh } from "./mesh.ts";

/** Where to vote: the web service and how to trust it. */
export type WebSite = Pick<TestMesh, "mesh" | "ca">;

/** An answer with its bytes. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Calls the web service with a body. */
export async function askWeb(
  { mesh, ca }: WebSite,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Promise<RawAnswer> {
  return await new Promise((resolve, reject) => {
    const port = mesh.ports.web;
    const options = { host: "localhost", port, ca, method, path, headers, agent: false };
    const outgoing = request({ ...options, timeout: 15_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, body: Buffer.concat(chunks) });
      });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** The code of a refusal; empty when there is none. */
export function codeOf({ body }: RawAnswer): string {
  const text = body.toString();
  return text.startsWith("{") ? String((JSON.parse(text) as { code?: string }).code ?? "") : "";
}

/** The keys statements of the voting service, verified down from the attested Coordinator. */
export async function attestedKeys(web: WebSite): Promise<KeysStatement> {
  const { body } = await askWeb(web, "GET", "/api/v2/ballot/keys");
  const [signed] = parseSignedKeysList(body.toString());
  if (signed === undefined) throw new Error("no keys");
  const { attested } = web.mesh.coordinator;
  return await verifySignedKeys(signed, {
    intermediatePem: attested.intermediatePem,
    now: new Date(),
  });
}

/** Votes by form, for a receipt. */
export async function voteForReceipt(
  web: WebSite,
  name: string,
  idempotencyKey?: string,
): Promise<RawAnswer> {
  return await askWeb(web, "POST", "/api/v2/vote", {
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    body: `choice=%3A${name}%3A&pad=${"x".repeat(100 - name.length)}`,
  });
}

/** The receipt in an answer. */
export function receiptIn({ body }: RawAnswer): Receipt {
  return parseReceipt(body.toString());
}

/** Sends bytes as a sealed ballot. */
export async function sendBallot(web: WebSite, bytes: Uint8Array): Promise<RawAnswer> {
  const headers = { "content-type": "application/octet-stream" };
  return await askWeb(web, "POST", "/api/v2/ballot", { headers, body: bytes });
}

/** A ballot that was sent, and what was told to its sender alone. */
export interface CastBallot {
  readonly answer: BallotAnswer;
  readonly bytes: Uint8Array;
  /** Of a ballot that was counted. */
  readonly receipt: Receipt | undefined;
}

/** Seals a ballot to the attested key, sends it and opens the answer. */
export async function castSealed(
  web: WebSite,
  keys: KeysStatement,
  ballot: BallotFields,
): Promise<CastBallot> {
  const [publicKey = new Uint8Array()] = keys.hpkeKeys;
  const { poll, logKey } = keys;
  const sealed = await sealBallot({ poll, publicKey, ballot });
  const response = await sendBallot(web, sealed.bytes);
  if (response.status !== 200) throw new Error(`${response.status} ${codeOf(response)}`);
  const answer = await sealed.openAnswer(response.body);
  const commitment = commitmentOf({ poll, ...ballot });
  const counted = answer.outcome === 0;
  const receipt = counted ? createReceipt({ poll, commitment, logKey, answer }) : undefined;
  return { answer, bytes: sealed.bytes, receipt };
}

/** The board as it is now. */
export async function boardOf(web: WebSite): Promise<{
  readonly total: number;
  readonly treeSize: number;
  readonly votes: Readonly<Record<string, number>>;
}> {
  const { body } = await askWeb(web, "GET", "/api/v2/leaderboard");
  const { results, total, treeSize } = JSON.parse(body.toString()) as {
    results: { shortcode: string; votes: number }[];
    total: number;
    treeSize: number;
  };
  const votes = Object.fromEntries(results.map(({ shortcode, votes: n }) => [shortcode, n]));
  return { total, treeSize, votes };
}
