import { mkdir } from "node:fs/promises";
import type { SimulatedPlatform } from "@carrara/tee";
import type { MarbleConfig } from "./mesh-config.ts";
import type { MeshFiles } from "./mesh-files.ts";
import type { SignedImage } from "./mesh-images.ts";
import type { PortMap } from "./port-plan.ts";
import { type RunningChild, startEnclave } from "./running-child.ts";

/** What a marble is started from. */
export interface MarbleStart {
  readonly platform: SimulatedPlatform;
  readonly files: MeshFiles;
  readonly meshPort: number;
  /** Port of the Coordinator's client API on this machine. */
  readonly coordinatorPort: number;
  readonly marble: MarbleConfig;
  readonly image: SignedImage;
  readonly portMap: PortMap;
  /** Directory and log name; the marble's type unless several run. */
  readonly instance: string;
  /** Replaces single variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one marble, which activates itself. Throws the platform's codes. */
export async function startMarble(start: MarbleStart): Promise<RunningChild> {
  const { data, dir, uuid } = start.files.marble(start.instance);
  await mkdir(data, { recursive: true, mode: 0o700 });
  return await startEnclave(start.platform, {
    name: `marble ${start.instance}`,
    image: start.image.bytes,
    cwd: dir,
    logFile: start.files.log(start.instance),
    env: {
      EDG_MARBLE_COORDINATOR_ADDR: `127.0.0.1:${start.meshPort}`,
      EDG_MARBLE_TYPE: start.marble.type,
      EDG_MARBLE_DNS_NAMES: start.marble.dnsNames.join(","),
      EDG_MARBLE_UUID_FILE: uuid,
      CARRARA_PORT_MAP: JSON.stringify(start.portMap),
      CARRARA_COORDINATOR_ADDR: `localhost:${start.coordinatorPort}`,
      CARRARA_DATA_DIR: data,
      ...start.env,
    },
  });
}
