import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ImageError } from "./error.ts";

/** File in an app's folder that names its images. */
const CONFIG_FILE = "enclave.json";
const MAX_CONFIG_BYTES = 256 * 1024;
const MAX_UINT16 = 65_535;

/** Page or other files that are measured and carried inside an image. */
export interface AssetsConfig {
  /** Folder inside the app's. */
  readonly dir: string;
  /** Makes the folder: a program of `node_modules/.bin` and its arguments, run without a shell. */
  readonly command?: readonly string[];
}

/** One image of an app. Paths are relative to the app's folder and stay inside it. */
export interface ImageConfig {
  /** `marble` activates at the Coordinator before the entry runs; `plain` runs the entry at once. */
  readonly kind: "marble" | "plain";
  readonly entry: string;
  /** ISVPRODID, 0..65535. */
  readonly productId: number;
  /** ISVSVN, 0..65535. */
  readonly securityVersion: number;
  readonly debug: boolean;
  /** Names replaced at build time by the given JavaScript literals. */
  readonly define: Readonly<Record<string, string>>;
  readonly assets?: AssetsConfig;
  /** Variables with fixed, measured values. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that the host may set; `EDG_*` and `CARRARA_*` unless given. */
  readonly envAllow?: readonly string[];
  readonly execArgv: readonly string[];
}

/** The images of an app by name. */
export interface AppConfig {
  readonly images: ReadonlyMap<string, ImageConfig>;
}

/** Relative, with forward slashes, and never upwards. */
const path = z
  .string()
  .max(512)
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\\0]+$/);
const uint16 = z.int().min(0).max(MAX_UINT16);
const image = z.strictObject({
  kind: z.enum(["marble", "plain"]).default("marble"),
  entry: path,
  productId: uint16,
  securityVersion: uint16,
  debug: z.boolean().default(false),
  define: z.record(z.string().regex(/^[A-Za-z_$][\w$.]*$/), z.string()).default({}),
  assets: z
    .strictObject({
      dir: path,
      command: z.tuple([z.string().regex(/^[\w@.-]+$/)], z.string()).exactOptional(),
    })
    .exactOptional(),
  env: z.record(z.string(), z.string()).default({}),
  envAllow: z.array(z.string()).exactOptional(),
  execArgv: z.array(z.string()).default([]),
});
const schema = z.strictObject({
  images: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), image),
});

/** Reads `enclave.json` in `appDir`. Throws `APP_CONFIG_INVALID`. */
export async function readAppConfig(appDir: string): Promise<AppConfig> {
  return parseAppConfig(await readConfigFile(join(appDir, CONFIG_FILE)));
}

/** An app's images from the text of `enclave.json`. Throws `APP_CONFIG_INVALID`. */
export function parseAppConfig(text: string): AppConfig {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new ImageError("APP_CONFIG_INVALID", `${CONFIG_FILE} is not json`, { cause });
  }
  const { data, error } = schema.safeParse(document);
  if (error === undefined) return { images: new Map(Object.entries(data.images)) };
  const [issue] = error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "top" : issue.path.join(".");
  throw new ImageError("APP_CONFIG_INVALID", `${CONFIG_FILE}: ${where}: ${issue?.message ?? ""}`);
}

async function readConfigFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_CONFIG_BYTES) throw new RangeError(`file has ${size} bytes`);
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new ImageError("APP_CONFIG_INVALID", `${file} cannot be read`, { cause });
  }
}
