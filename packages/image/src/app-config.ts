import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ImageError } from "./error.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Paths stay inside the application. */
const PATH = z.string().regex(/^(?!\/)(?!.*\.\.)[\w./-]+$/);

const imageSchema = z.strictObject({
  /** `marble` activates before the entry runs; `plain` runs the entry at once (the Coordinator). */
  kind: z.enum(["marble", "plain"]).default("marble"),
  entry: PATH,
  productId: z.int().min(0).max(65_535),
  securityVersion: z.int().min(0).max(65_535),
  debug: z.boolean().default(false),
  define: z.record(z.string().regex(/^[A-Za-z_$][\w$]*$/), z.string()).default({}),
  assets: z.strictObject({ dir: PATH, command: z.array(z.string()).min(1).optional() }).optional(),
  /** Names, or prefixes ending in `*`, of the variables that the host may set. */
  envAllow: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  execArgv: z.array(z.string()).default([]),
});

const schema = z.strictObject({ images: z.record(z.string().regex(NAME), imageSchema) });

/** How one enclave image of an application is built. */
export type ImageConfig = z.infer<typeof imageSchema>;

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
