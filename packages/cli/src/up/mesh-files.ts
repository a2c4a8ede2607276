import { join } from "node:path";

/** Where a mesh keeps what; all below its state directory. */
export interface MeshFiles {
  readonly platform: string;
  /** Which kind of TEE the state was made on. */
  readonly tee: string;
  readonly signingKey: string;
  readonly coordinatorImages: string;
  readonly images: string;
  /** Endorsements that the Coordinator fetched; checked whenever they are read. */
  readonly collateral: string;
  /** The Coordinator's sealed state. */
  readonly seal: string;
  /** Intermediate and Root of the Coordinator, for `--coordinator-cert` and `curl --cacert`. */
  readonly coordinatorCert: string;
  /** The manifest that was set. */
  readonly manifest: string;
  /** Encrypted recovery secrets, if the manifest has recovery keys. */
  readonly recoveryData: string;
  readonly bot: string;
  /** `data` is where a marble may keep what it seals itself. */
  marble(instance: string): {
    readonly dir: string;
    readonly uuid: string;
    readonly data: string;
  };
  log(name: string): string;
}

/** The paths of the mesh in `stateDir`. */
export function meshFilesIn(stateDir: string): MeshFiles {
  return {
    platform: join(stateDir, "platform"),
    tee: join(stateDir, "tee"),
    signingKey: join(stateDir, "signing-key.pem"),
    coordinatorImages: join(stateDir, "images", "coordinator"),
    images: join(stateDir, "images", "app"),
    collateral: join(stateDir, "collateral"),
    seal: join(stateDir, "coordinator"),
    coordinatorCert: join(stateDir, "coordinator-cert.pem"),
    manifest: join(stateDir, "manifest.json"),
    recoveryData: join(stateDir, "recovery.json"),
    bot: join(stateDir, "vote-bot.mjs"),
    marble: (instance) => {
      const dir = join(stateDir, "marbles", instance);
      return { dir, uuid: join(dir, "uuid"), data: join(dir, "data") };
    },
    log: (name) => join(stateDir, "logs", `${name}.log`),
  };
}
