/** An emoji one may vote for. */
export interface Emoji {
  readonly shortcode: string;
  readonly unicode: string;
}

/** A row of the leaderboard. */
export interface BoardRow extends Emoji {
  readonly votes: number;
}

/** The standings. */
export interface Board {
  readonly results: readonly BoardRow[];
  readonly total: number;
}

/** The identity of one program as the server tells it. */
export interface ImageFacts {
  readonly uniqueId: string | null;
  readonly signerId: string | null;
  readonly productId: number | null;
  readonly securityVersion: number | null;
}

/** What the server tells about its own attestation. */
export interface AttestationFacts {
  readonly assurance: "hardware" | "simulation" | "unknown";
  readonly warning: string | null;
  readonly image: ImageFacts;
  readonly coordinator: ImageFacts;
  readonly coordinatorRootSha256: string | null;
  readonly certificateChainSubjects: readonly string[];
}

/** A request that did not succeed. `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The service gives up after 2 s; the rest is for the network. */
const PATIENCE_MS = 8_000;

/** Bytes of a vote's body, whatever was chosen, so that its length on the wire tells nothing. */
const VOTE_BODY_BYTES = 128;

/** The list of emoji, in list order. Rejects with `ApiError`. */
export async function loadEmoji(): Promise<readonly Emoji[]> {
  return await load("/api/list", isEmojiList);
}

/** The standings, most votes first. Rejects with `ApiError`. */
export async function loadBoard(): Promise<Board> {
  return await load("/api/v2/leaderboard", isBoard);
}

/** What the server tells about its attestation. Rejects with `ApiError`. */
export async function loadAttestation(): Promise<AttestationFacts> {
  return await load("/api/attestation", isAttestation);
}

/** Casts one vote. Rejects with `ApiError`. */
export async function castVote(shortcode: string): Promise<void> {
  const response = await send("/api/vote", { method: "POST", body: voteBody(shortcode) });
  if (!response.ok) throw new ApiError(response.status, await errorText(response));
}

/** The body of a vote, padded to one length. */
export function voteBody(shortcode: string): URLSearchParams {
  const body = new URLSearchParams({ choice: shortcode, pad: "" });
  body.set("pad", "x".repeat(Math.max(0, VOTE_BODY_BYTES - body.toString().length)));
  return body;
}

async function load<T>(path: string, isExpected: (value: unknown) => value is T): Promise<T> {
  const response = await send(path, {});
  if (!response.ok) throw new ApiError(response.status, await errorText(response));
  const value: unknown = await response.json().catch(() => undefined);
  if (!isExpected(value)) throw new ApiError(response.status, "the answer has an unknown form");
  return value;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, {
      ...init,
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new ApiError(0, "the server could not be reached");
  }
}

async function errorText(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = isRecord(body) ? body : {};
  return typeof error === "string" ? error : "the server gave no reason";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isEmoji(value: unknown): value is Emoji {
  if (!isRecord(value)) return false;
  const { shortcode, unicode } = value;
  return typeof shortcode === "string" && typeof unicode === "string";
}

function isEmojiList(value: unknown): value is readonly Emoji[] {
  return Array.isArray(value) && value.every(isEmoji);
}

function isBoard(value: unknown): value is Board {
  if (!isRecord(value)) return false;
  const { results, total } = value;
  return typeof total === "number" && Array.isArray(results) && results.every(isBoardRow);
}

function isBoardRow(value: unknown): value is BoardRow {
  const { votes } = isRecord(value) ? value : {};
  return isEmoji(value) && typeof votes === "number";
}

function isAttestation(value: unknown): value is AttestationFacts {
  if (!isRecord(value)) return false;
  const { assurance, image, coordinator, certificateChainSubjects: subjects } = value;
  return (
    typeof assurance === "string" &&
    isRecord(image) &&
    isRecord(coordinator) &&
    Array.isArray(subjects)
  );
}
