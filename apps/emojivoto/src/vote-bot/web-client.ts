import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { BotSettings } from "./bot-settings.ts";

/** The web service as the bot sees it. */
export interface WebClient {
  /** The listed shortcodes. Rejects with `BOT_REQUEST_FAILED`, also when the list is empty. */
  listShortcodes(signal: AbortSignal): Promise<readonly string[]>;
  /** Casts a vote. Rejects with `BOT_REQUEST_FAILED`, naming the status. */
  vote(shortcode: string, signal: AbortSignal): Promise<void>;
  /** Closes kept connections. */
  close(): void;
}

/** Time for one request. */
const REQUEST_MS = 10_000;
/** The list has about 5 kB. */
const MAX_ANSWER_BYTES = 262_144;
const FORM = { "content-type": "application/x-www-form-urlencoded" };

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Creates a client. `ca` holds the certificates to trust for https, PEM. */
export function createWebClient(settings: BotSettings, ca: string | undefined): WebClient {
  const isHttps = settings.scheme === "https";
  const agent = isHttps
    ? new HttpsAgent({
        keepAlive: true,
        rejectUnauthorized: !settings.insecure,
        ...(ca === undefined ? {} : { ca }),
      })
    : new HttpAgent({ keepAlive: true });
  const send = isHttps ? httpsRequest : httpRequest;
  const headers = settings.hostOverride === undefined ? {} : { host: settings.hostOverride };

  const ask = async (path: string, options: RequestOptions, body?: string): Promise<Answer> => {
    const url = `${settings.scheme}://${settings.webHost}${path}`;
    return await new Promise((resolve, reject) => {
      const all = { ...options, agent, headers: { ...headers, ...options.headers } };
      const request = send(url, all, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > MAX_ANSWER_BYTES) response.destroy(new Error("answer is too long"));
        });
        response.once("error", reject);
        response.once("end", () => {
          resolve({ status: response.statusCode ?? 0, body: text });
        });
      });
      request.setTimeout(REQUEST_MS, () => request.destroy(new Error("no answer in time")));
      request.once("error", reject);
      request.end(body);
    });
  };

  const ok = async (what: string, answer: Promise<Answer>): Promise<string> => {
    const { status, body } = await answer.catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : "unknown";
      throw new EmojivotoError("BOT_REQUEST_FAILED", `${what} failed: ${reason}`, { cause });
    });
    if (status === 200) return body;
    throw new EmojivotoError("BOT_REQUEST_FAILED", `${what} failed with status ${status}`);
  };

  return {
    listShortcodes: async (signal) => shortcodesOf(await ok("list", ask("/api/list", { signal }))),
    vote: async (shortcode, signal) => {
      const form = new URLSearchParams({ choice: shortcode }).toString();
      const answer =
        settings.mode === "post"
          ? ask("/api/vote", { signal, method: "POST", headers: FORM }, form)
          : ask(`/api/vote?choice=${shortcode}`, { signal });
      await ok("vote", answer);
    },
    close: () => {
      agent.destroy();
    },
  };
}

function shortcodesOf(body: string): readonly string[] {
  const rows = jsonOf(body);
  const shortcodes = (Array.isArray(rows) ? rows : []).flatMap((row: unknown) =>
    typeof row === "object" &&
    row !== null &&
    "shortcode" in row &&
    typeof row.shortcode === "string"
      ? [row.shortcode]
      : [],
  );
  if (shortcodes.length > 0) return shortcodes;
  throw new EmojivotoError("BOT_REQUEST_FAILED", "list has no emoji");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EmojivotoError("BOT_REQUEST_FAILED", "list is not JSON", { cause });
  }
}
