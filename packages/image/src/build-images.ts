import { access, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DEFAULT_ENV_ALLOW, encodeImage } from "@carrara/tee";
import { build, type Plugin } from "esbuild";
import { type ImageConfig, readAppConfig } from "./app-config.ts";
import { ASSETS_MODULE, assetsModule } from "./assets.ts";
import { ImageError } from "./error.ts";

/** What to build and where to put it. */
export interface BuildOptions {
  readonly appDir: string;
  readonly outDir: string;
  /** Default: every image that `enclave.json` names. */
  readonly names?: readonly string[];
  readonly onProgress?: (image: string) => void;
}

/** One image that was written. */
export interface BuiltImage {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** CommonJS packages inside the bundle ask for Node's built-in modules through `require`. */
const BANNER =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire("file:///");';

/**
 * Bundles the images of an application into one file each, `<outDir>/<name>.enclave`. The bytes
 * depend on the source and the installed packages only. Throws `APP_CONFIG_INVALID`,
 * `APP_IMAGE_UNKNOWN`, `ASSETS_FAILED`, `BUNDLE_FAILED`.
 */
export async function buildImages(options: BuildOptions): Promise<BuiltImage[]> {
  const appDir = resolve(options.appDir);
  const { images } = await readAppConfig(appDir);
  const names = options.names ?? Object.keys(images);
  await mkdir(options.outDir, { recursive: true, mode: 0o700 });
  return await Promise.all(
    names.map(async (name) => {
      const config = images[name];
      if (config === undefined) {
        const known = Object.keys(images).join(", ");
        throw new ImageError(
          "APP_IMAGE_UNKNOWN",
          `no image ${name} in enclave.json, known: ${known}`,
        );
      }
      const bytes = await buildImage(appDir, config);
      const path = join(options.outDir, `${name}.enclave`);
      await writeFile(path, bytes, { mode: 0o600 });
      options.onProgress?.(name);
      return { name, path, bytes };
    }),
  );
}

async function buildImage(appDir: string, config: ImageConfig): Promise<Uint8Array> {
  const root = await workspaceRoot(appDir);
  const binDirs = [...new Set([appDir, root])].map((dir) => join(dir, "node_modules", ".bin"));
  const assets = await assetsModule(appDir, config.assets, binDirs);
  return encodeImage({
    bundle: await bundle(appDir, root, config, assets),
    settings: {
      productId: config.productId,
      securityVersion: config.securityVersion,
      debug: config.debug,
      execArgv: config.execArgv,
      envAllow: config.envAllow ?? DEFAULT_ENV_ALLOW,
      env: config.env,
    },
  });
}

/** The folder whose package.json names the workspaces, else the application itself. */
async function workspaceRoot(appDir: string): Promise<string> {
  for (let dir = appDir; dir !== dirname(dir); dir = dirname(dir)) {
    const isRoot = await access(join(dir, "package-lock.json")).then(
      () => true,
      () => false,
    );
    if (isRoot) return dir;
  }
  return appDir;
}

async function bundle(
  appDir: string,
  root: string,
  config: ImageConfig,
  assets: string,
): Promise<Uint8Array> {
  try {
    const { outputFiles } = await build({
      absWorkingDir: root,
      stdin: { contents: entrySource(config), resolveDir: appDir, sourcefile: "enclave-entry.mjs" },
      write: false,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      charset: "utf8",
      conditions: ["@carrara/source"],
      define: config.define,
      legalComments: "none",
      banner: { js: BANNER },
      plugins: [assetsPlugin(assets)],
      logLevel: "silent",
    });
    const [output] = outputFiles;
    if (output === undefined) throw new Error("esbuild wrote nothing");
    return output.contents;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n")[1] ?? cause.message) : "";
    throw new ImageError("BUNDLE_FAILED", `${config.entry}: ${reason}`, { cause });
  }
}

/**
 * What the image runs. A marble's entry is imported only after activation: esbuild keeps a dynamic
 * import inside one file as a function that runs the module when it is called.
 */
function entrySource({ kind, entry }: ImageConfig): string {
  const path = JSON.stringify(`./${entry}`);
  if (kind === "plain") return `import ${path};`;
  return `import { runMarble } from "@carrara/marble";\nawait runMarble(() => import(${path}));`;
}

function assetsPlugin(source: string): Plugin {
  return {
    name: "carrara-assets",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^carrara:assets$/ }, () => ({
        path: ASSETS_MODULE,
        namespace: "carrara",
      }));
      onLoad({ filter: /.*/, namespace: "carrara" }, () => ({ contents: source, loader: "js" }));
    },
  };
}
