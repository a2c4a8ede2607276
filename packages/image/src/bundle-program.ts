import { resolve } from "node:path";
import { bundleImage } from "./bundle-image.ts";
import { saveImage } from "./image-file.ts";
import { findWorkspaceRoot } from "./workspace-root.ts";

/** Which program to bundle and where to put it. */
export interface BundleProgramOptions {
  readonly appDir: string;
  /** Relative to `appDir`. */
  readonly entry: string;
  readonly outFile: string;
}

/**
 * Bundles a program that runs outside every enclave, such as a load generator, into one ES module.
 * Throws `BUILD_FAILED`.
 */
export async function bundleProgram(options: BundleProgramOptions): Promise<void> {
  const { entry, outFile } = options;
  const appDir = resolve(options.appDir);
  const image = {
    kind: "plain",
    entry,
    productId: 0,
    securityVersion: 0,
    debug: false,
    define: {},
    env: {},
    execArgv: [],
  } as const;
  const workspaceRoot = await findWorkspaceRoot(appDir);
  await saveImage(outFile, await bundleImage({ appDir, workspaceRoot, image, assets: undefined }));
}
