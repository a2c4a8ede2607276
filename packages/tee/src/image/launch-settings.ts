import { utf8 } from "@carrara/encoding";
import { z } from "zod";
import { TeeError } from "../error.ts";

/** Node options that an image may ask for. None of them loads code or opens an inspector. */
const EXEC_ARGV =
  /^--(?:max-old-space-size=\d{1,6}|max-semi-space-size=\d{1,4}|heap-growing-percent=\d{1,3}|stack-trace-limit=\d{1,3}|disallow-code-generation-from-strings|frozen-intrinsics|no-warnings)$/;
/** A name, or a prefix followed by `*`. */
const NAME_PATTERN = /^[A-Z][A-Z0-9_]{0,63}\*?$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Variables through which a host changes what the runtime loads or trusts. */
const DANGEROUS = /^(?:NODE_(?!ENV$)|LD_|DYLD_|UV_|OPENSSL_|SSL_|GCONV_|MALLOC_)/;
const MAX_UINT16 = 65_535;
const MAX_LIST_ITEMS = 64;
const MAX_VALUE_CHARS = 4096;

/** What a host may set in an enclave unless the image says otherwise. */
export const DEFAULT_ENV_ALLOW: readonly string[] = ["CARRARA_*", "EDG_*"];

/** How an image wants to be started; part of its measurement. */
export interface LaunchSettings {
  /** ISVPRODID, 0..65535. */
  readonly productId: number;
  /** ISVSVN, 0..65535. */
  readonly securityVersion: number;
  readonly debug: boolean;
  /** Node options, each from a short list that can neither load code nor open an inspector. */
  readonly execArgv: readonly string[];
  /** Names, or prefixes ending in `*`, of the variables that the host may set. Sorted. */
  readonly envAllow: readonly string[];
  /** Variables with fixed values; they win over the host's. */
  readonly env: Readonly<Record<string, string>>;
}

const schema = z.strictObject({
  productId: z.int().min(0).max(MAX_UINT16),
  securityVersion: z.int().min(0).max(MAX_UINT16),
  debug: z.boolean(),
  execArgv: z.array(z.string().regex(EXEC_ARGV)).max(MAX_LIST_ITEMS),
  envAllow: z.array(z.string().regex(NAME_PATTERN)).max(MAX_LIST_ITEMS),
  env: z.record(z.string().regex(NAME), z.string().max(MAX_VALUE_CHARS)),
});

/** Canonical JSON: members and allowed names sorted, no white space. Throws `IMAGE_MALFORMED`. */
export function encodeLaunchSettings(settings: LaunchSettings): Uint8Array {
  const checked = check(settings);
  const env = Object.entries(checked.env).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return utf8(
    JSON.stringify({
      debug: checked.debug,
      env: Object.fromEntries(env),
      envAllow: [...new Set(checked.envAllow)].toSorted(),
      execArgv: checked.execArgv,
      productId: checked.productId,
      securityVersion: checked.securityVersion,
    }),
  );
}

/** Settings from canonical JSON and nothing else. Throws `IMAGE_MALFORMED`. */
export function parseLaunchSettings(bytes: Uint8Array): LaunchSettings {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new TeeError("IMAGE_MALFORMED", "launch settings are not json", { cause });
  }
  const settings = check(value);
  if (new TextDecoder().decode(encodeLaunchSettings(settings)) !== text) {
    throw new TeeError("IMAGE_MALFORMED", "launch settings are not canonical json");
  }
  return settings;
}

/** Whether the host may set the variable `name` in an image with these settings. */
export function isEnvAllowed(settings: LaunchSettings, name: string): boolean {
  if (!NAME.test(name) || DANGEROUS.test(name)) return false;
  return settings.envAllow.some((allowed) =>
    allowed.endsWith("*") ? name.startsWith(allowed.slice(0, -1)) : name === allowed,
  );
}

function check(value: unknown): LaunchSettings {
  const { data, error } = schema.safeParse(value);
  if (error !== undefined) {
    const where = error.issues[0]?.path.join(".") ?? "";
    throw new TeeError("IMAGE_MALFORMED", `launch settings have a wrong ${where || "member"}`);
  }
  if ([...data.envAllow, ...Object.keys(data.env)].some((name) => DANGEROUS.test(name))) {
    throw new TeeError(
      "IMAGE_MALFORMED",
      "launch settings name a variable that steers the runtime",
    );
  }
  return data;
}
