import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ImageError } from "./error.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Paths stay inside the application. */
const PATH = z.string().regex(/^(?!\/)(?!.*\.\.)[\w./-]+$/);

/** How one enclave image of an application is built. */
export interface ImageConfig {
  /** `marble` activates before the entry runs; `plain` runs the entry at once (the Coordinator). */
  readonly kind: "marble" | "plain";
  readonly entry: string;
  readonly productId: number;
  readonly securityVersion: number;
  readonly debug: boolean;
  /** Build-time constants: name and JavaScript expression. */
  readonly define: Readonly<Record<string, string>>;
  /** Folder that is embedded, and the command that makes it. */
  readonly assets?:
    | { readonly dir: string; readonly command?: readonly string[] | undefined }
    | undefined;
  /** Names, or prefixes ending in `*`, of the variables that the host may set. */
  readonly envAllow?: readonly string[] | undefined;
  /** Variables with fixed, measured values. */
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
}

const imageSchema: z.ZodType<ImageConfig> = z.strictObject({
  kind: z.enum(["marble", "plain"]).default("marble"),
  entry: PATH,
  productId: z.int().min(0).max(65_535),
  securityVersion: z.int().min(0).max(65_535),
  debug: z.boolean().default(false),
  define: z.record(z.string().regex(/^[A-Za-z_$][\w$]*$/), z.string()).default({}),
  assets: z.strictObject({ dir: PATH, command: z.array(z.string()).min(1).optional() }).optional(),
  envAllow: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  execArgv: z.array(z.string()).default([]),
});

const schema = z.strictObject({ images: z.record(z.string().regex(NAME), imageSchema) });

/** An application's `enclave.json`. */
export interface AppConfig {
  readonly images: Readonly<Record<string, ImageConfig>>;
}

/** Reads `enclave.json` in `appDir`. Throws `APP_CONFIG_INVALID` naming the member that is wrong. */
export async function readAppConfig(appDir: string): Promise<AppConfig> {
  const file = join(appDir, "enclave.json");
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new ImageError("APP_CONFIG_INVALID", `${file} is not there or no json`, { cause });
  }
  const { data, error } = schema.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new ImageError(
    "APP_CONFIG_INVALID",
    `${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong shape"}`,
  );
}
