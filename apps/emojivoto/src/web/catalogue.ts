import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { voteRpcs } from "../gen/catalogue.ts";
import {
  type Emoji,
  ListAllEmojiRequestSchema,
  ListAllEmojiResponseSchema,
} from "../gen/emojivoto/v1/emoji_pb.ts";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import { goJson } from "./go-json.ts";

/** The list of emoji in the forms in which web needs it. */
interface Catalogue {
  /** The answer to `/api/list`. */
  readonly json: Uint8Array;
  /** Choice number by shortcode; a listed emoji that has no vote RPC has 0, which no poll counts. */
  readonly choices: ReadonlyMap<string, number>;
  /** Choice number by the request targets with which browsers and the bot vote: found without parsing. */
  readonly targets: ReadonlyMap<string, number>;
  /** Choice number by what stands behind `choice=` in bodies as browsers and the bot write them. */
  readonly values: ReadonlyMap<string, number>;
  /** Glyph by shortcode, in list order. */
  readonly glyphs: ReadonlyMap<string, string>;
}

/** Keeps the catalogue of the emoji service. */
export interface CatalogueCache {
  /** What was last read, however old; asks again in the background when it is stale. */
  peek(): Catalogue | undefined;
  /** The same, but waits for the first answer. Rejects with `RpcError` while there was none. */
  get(): Promise<Catalogue>;
  /** Makes the next `peek` or `get` ask again, for when the mesh was updated. */
  expire(): void;
}

/** The list is part of a measured image and changes only with it, so its age matters little. */
const FRESH_MS = 30_000;
const LIST_ALL_PATH = "/emojivoto.v1.EmojiService/ListAll";

/** Creates a cache that asks `channel` at the first need. `now` is in milliseconds, monotonic. */
export function createCatalogueCache({
  channel,
  now,
  deadlineMs,
}: {
  readonly channel: GrpcChannel;
  readonly now: () => number;
  readonly deadlineMs: number;
}): CatalogueCache {
  let kept: Catalogue | undefined;
  let askAt = 0;
  let asking: Promise<Catalogue> | undefined;

  const ask = async (): Promise<Catalogue> => {
    try {
      const request = toBinary(ListAllEmojiRequestSchema, create(ListAllEmojiRequestSchema));
      const answer = await channel.unary(LIST_ALL_PATH, request, deadlineMs);
      kept = catalogueOf(fromBinary(ListAllEmojiResponseSchema, answer).list);
      return kept;
    } finally {
      askAt = now() + FRESH_MS;
      asking = undefined;
    }
  };
  const refreshed = (): Promise<Catalogue> => {
    asking ??= ask();
    return asking;
  };
  const peek = (): Catalogue | undefined => {
    // A refresh that fails leaves the list that was there.
    if (kept !== undefined && now() >= askAt) refreshed().catch(() => undefined);
    return kept;
  };
  return {
    peek,
    get: async () => peek() ?? (await refreshed()),
    expire: () => {
      askAt = 0;
    },
  };
}

/** Arranges a list as web needs it. */
function catalogueOf(list: readonly Pick<Emoji, "shortcode" | "unicode">[]): Catalogue {
  const numbers = new Map(voteRpcs.map(({ shortcode, number }) => [shortcode, number]));
  const choices = new Map<string, number>();
  const targets = new Map<string, number>();
  const values = new Map<string, number>();
  for (const { shortcode } of list) {
    const number = numbers.get(shortcode) ?? 0;
    choices.set(shortcode, number);
    for (const value of [shortcode, encodeURIComponent(shortcode)]) {
      targets.set(`/api/vote?choice=${value}`, number);
      values.set(value, number);
    }
  }
  const rows = list.map(({ shortcode, unicode }) => ({ shortcode, unicode }));
  return {
    json: Buffer.from(`${goJson(rows)}\n`),
    choices,
    targets,
    values,
    glyphs: new Map(list.map(({ shortcode, unicode }) => [shortcode, unicode])),
  };
}
