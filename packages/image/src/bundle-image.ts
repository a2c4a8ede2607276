import { isBuiltin } from "node:module";
import { type BuildFailure, build, type Metafile } from "esbuild";
import type { ImageConfig } from "./app-config.ts";
import { assetsPlugin } from "./assets-plugin.ts";
import type { Asset } from "./collect-assets.ts";
import { ImageError } from "./error.ts";
import { withBundler } from "./with-bundler.ts";

/**
 * CommonJS packages ask for `require`; inside an image it knows Node's own modules and nothing
 * else, so that no file of the host can be loaded.
 */
const BANNER = `const require = (id) => {
  const builtin = process.getBuiltinModule(id);
  if (builtin === undefined) throw new Error("module " + id + " is not in the image");
  return builtin;
};
const __filename = "/main.mjs";
const __dirname = "/";`;

/** What is bundled, and from where. */
export interface BundleOrder {
  readonly appDir: string;
  /** Paths in the bundle's comments are relative to this folder. */
  readonly workspaceRoot: string;
  readonly image: ImageConfig;
  readonly assets: readonly Asset[] | undefined;
}

/**
 * One ES module with everything an image runs. Depends on the sources only: tsconfig files,
 * NODE_PATH and absolute paths play no part. Throws `BUILD_FAILED`.
 */
export async function bundleImage(order: BundleOrder): Promise<Uint8Array> {
  const { appDir, workspaceRoot, image, assets } = order;
  try {
    const result = await withBundler(
      async () =>
        await build({
          stdin: {
            contents: entryModule(image),
            resolveDir: appDir,
            sourcefile: "entry",
            loader: "js",
          },
          bundle: true,
          write: false,
          metafile: true,
          platform: "node",
          format: "esm",
          target: "node20",
          conditions: ["@carrara/source"],
          absWorkingDir: workspaceRoot,
          nodePaths: [],
          tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
          define: { ...image.define },
          plugins: [assetsPlugin(assets)],
          banner: { js: BANNER },
          charset: "utf8",
          legalComments: "none",
          sourcemap: false,
          logLevel: "silent",
        }),
    );
    refuseForeignImports(result.metafile);
    const [output] = result.outputFiles;
    if (output === undefined) throw new ImageError("BUILD_FAILED", "bundler gave no output");
    return output.contents;
  } catch (cause) {
    if (!isBuildFailure(cause)) throw cause;
    throw new ImageError("BUILD_FAILED", describe(cause), { cause });
  }
}

/** In a marble the entry is evaluated only once activation has set its environment. */
function entryModule({ kind, entry }: ImageConfig): string {
  const specifier = JSON.stringify(`./${entry}`);
  // A static import would be dropped where the package says that its modules have no side effects.
  if (kind === "plain") return `await import(${specifier});`;
  return `import { runMarble } from "@carrara/marble";\nawait runMarble(() => import(${specifier}));`;
}

/** What the bundler left as an import would be read from the host's disk at run time. */
function refuseForeignImports({ outputs }: Metafile): void {
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  const foreign = imports.find(({ path, external }) => external === true && !isBuiltin(path));
  if (foreign === undefined) return;
  throw new ImageError("BUILD_FAILED", `${foreign.path} cannot be bundled`);
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function describe({ errors: [first] }: BuildFailure): string {
  if (first === undefined) return "bundler failed";
  const { text, location } = first;
  // Written by us into every marble's entry: the app's author has not asked for it.
  if (text.includes('"@carrara/marble"')) {
    return `${text}: a marble's app lies inside this repository or depends on @carrara/marble`;
  }
  return location === null ? text : `${location.file}:${location.line}: ${text}`;
}
