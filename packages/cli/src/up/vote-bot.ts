import { bundleProgram } from "@carrara/image";
import type { MeshFiles } from "./mesh-files.ts";
import { type RunningChild, startProgram } from "./running-child.ts";

/** Bundles an application's load generator, which runs outside every enclave. */
export async function buildBot(appDir: string, entry: string, files: MeshFiles): Promise<void> {
  await bundleProgram({ appDir, entry, outFile: files.bot });
}

/** Starts the bundled bot against the web's port; it verifies the web with the mesh's own chain. */
export function startBot(files: MeshFiles, webPort: number): RunningChild {
  return startProgram({
    name: "the vote bot",
    file: files.bot,
    logFile: files.log("vote-bot"),
    env: {
      WEB_HOST: `localhost:${webPort}`,
      WEB_CA_FILE: files.coordinatorCert,
    },
  });
}
