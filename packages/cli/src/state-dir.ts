import { resolve } from "node:path";
import type { CliIo } from "./cli-io.ts";

/** Where this machine's simulated platform, keys and mesh state live. */
export function stateDirOf(io: CliIo, option: string | undefined): string {
  return resolve(io.cwd, option ?? (io.env.CARRARA_HOME || ".carrara"));
}

/** The developer's image signing key inside a state directory; secret, mode 0600. */
export function signingKeyFile(stateDir: string): string {
  return resolve(stateDir, "signing-key.pem");
}
