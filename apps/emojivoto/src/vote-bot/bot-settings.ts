import { EmojivotoError } from "../service/emojivoto-error.ts";
import { type Environment, textSetting } from "../service/settings.ts";

/** What the bot is told. */
export interface BotSettings {
  readonly scheme: "https" | "http";
  /** `host` or `host:port`. */
  readonly webHost: string;
  /** Sent as the Host header instead of `webHost`. */
  readonly hostOverride: string | undefined;
  /** File with the certificates to trust, PEM. */
  readonly caFile: string | undefined;
  /** Takes any certificate; asked for on the command line only, so that no one copies it unseen. */
  readonly insecure: boolean;
  /** Votes a second at most. */
  readonly requestRate: number;
  /** Time to live; undefined is for ever. */
  readonly ttlMs: number | undefined;
  readonly seed: number | undefined;
  /** `post`, the default, keeps the choice out of the request line. */
  readonly mode: "get" | "post";
}

/** Reads the bot's settings; odd values of `REQUEST_RATE` and `TTL` mean their defaults, as in the original. Throws `SETTING_MISSING`, `SETTING_INVALID`. */
export function botSettingsOf(env: Environment, args: readonly string[]): BotSettings {
  const { HOST_OVERRIDE, WEB_CA_FILE, REQUEST_RATE, TTL, SEED, MODE, WEB_SCHEME } = env;
  const settings: BotSettings = {
    scheme: WEB_SCHEME === "http" ? "http" : "https",
    webHost: textSetting(env, "WEB_HOST"),
    hostOverride: HOST_OVERRIDE === "" ? undefined : HOST_OVERRIDE,
    caFile: WEB_CA_FILE === "" ? undefined : WEB_CA_FILE,
    insecure: args.includes("--insecure"),
    requestRate: positiveInteger(REQUEST_RATE) ?? 1,
    ttlMs: secondsAsMs(positiveInteger(TTL)),
    seed: positiveInteger(SEED),
    mode: MODE === "get" ? "get" : "post",
  };
  if (settings.scheme === "https" && settings.caFile === undefined && !settings.insecure) {
    const what = "set WEB_CA_FILE to the mesh's certificates, or pass --insecure to trust any";
    throw new EmojivotoError("SETTING_MISSING", what);
  }
  return settings;
}

function positiveInteger(text: string | undefined): number | undefined {
  const value = Number(text);
  return /^\d{1,9}$/.test(text ?? "") && value >= 1 ? value : undefined;
}

function secondsAsMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
