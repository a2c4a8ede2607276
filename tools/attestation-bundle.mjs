import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ROOT } from "./workspace.mjs";

const OUT = join(ROOT, "packages/attestation/dist/browser/attestation.js");

/**
 * AMD's six intermediate certificates are 7 KB that do not compress, and whoever brings a page its
 * evidence brings them too: in a browser the chain must be given.
 */
const withoutIntermediates = {
  name: "without-intermediates",
  setup({ onLoad }) {
    onLoad({ filter: /snp[\\/]intermediate-certificates\.ts$/ }, () => ({
      contents: "export const INTERMEDIATE_CERTIFICATES = [];",
      loader: "ts",
    }));
  },
};

/** Bundles the library for browsers into one ES module; the same sources give the same bytes. */
export async function bundleAttestation() {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["packages/attestation/src/browser.ts"],
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    conditions: ["@carrara/source"],
    legalComments: "none",
    logLevel: "warning",
    // The entry names two modules without side effects, for their place in the file.
    logOverride: { "ignored-bare-import": "silent" },
    plugins: [withoutIntermediates],
    outfile: OUT,
    write: false,
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  return {
    code: outputFiles[0].contents,
    inputs: Object.keys(metafile.inputs),
    imports: output.imports.map(({ path }) => path),
  };
}

/** Writes the bundle to where the package's `./browser` points. */
export async function buildAttestation() {
  const { code } = await bundleAttestation();
  await mkdir(dirname(OUT), { recursive: true });
  await writeFile(OUT, code);
}
