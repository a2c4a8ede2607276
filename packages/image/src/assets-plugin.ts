import { toBase64 } from "@carrara/encoding";
import type { Plugin } from "esbuild";
import type { Asset } from "./collect-assets.ts";

const SPECIFIER = "carrara:assets";

/**
 * Provides the module `carrara:assets`: `assets` is a Map from path to bytes. Importing it in an
 * image without assets fails the build.
 */
export function assetsPlugin(assets: readonly Asset[] | undefined): Plugin {
  return {
    name: SPECIFIER,
    setup(build) {
      build.onResolve({ filter: /^carrara:/ }, ({ path }) =>
        path === SPECIFIER && assets !== undefined
          ? { path: "assets", namespace: "carrara" }
          : { errors: [{ text: `${path} is not provided: the image has no assets` }] },
      );
      build.onLoad({ filter: /^assets$/, namespace: "carrara" }, () => ({
        contents: assetsModule(assets ?? []),
        loader: "js",
      }));
    },
  };
}

function assetsModule(assets: readonly Asset[]): string {
  const entries = assets.map(({ path, content }) => JSON.stringify([path, toBase64(content)]));
  return [
    `const files = [${entries.join(",\n")}];`,
    "const decode = ([path, base64]) => [path, new Uint8Array(Buffer.from(base64, 'base64'))];",
    "export const assets = new Map(files.map(decode));",
  ].join("\n");
}
