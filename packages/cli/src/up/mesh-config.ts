import {
  type GoStruct,
  goArray,
  goMap,
  goNullable,
  goObject,
  goString,
  goUint16,
  ManifestError,
  readGoJson,
} from "@carrara/manifest";
import { CliError } from "../cli-error.ts";

/** One marble of a local mesh. */
export interface MarbleConfig {
  /** Its name in the manifest's `Marbles`. */
  readonly type: string;
  /** Its name in `enclave.json`. */
  readonly image: string;
  readonly dnsNames: readonly string[];
  /** Port it listens on -> `host:port` that others dial; a label without port is dialled by nobody. */
  readonly listen: ReadonlyMap<string, string>;
}

/** An application's `mesh.json`: how its marbles are laid out on one machine. */
export interface MeshConfig {
  /** Path of the manifest, relative to the application. */
  readonly manifest: string;
  readonly marbles: readonly MarbleConfig[];
  /** The marble that people reach, and the port it believes to listen on. */
  readonly web: { readonly marble: string; readonly port: number };
  /** A load generator outside every enclave. */
  readonly bot?: { readonly entry: string };
}

const meshFields = {
  manifest: goString,
  marbles: goArray(
    goObject({
      type: goString,
      image: goString,
      dnsNames: goArray(goString),
      listen: goMap(goString),
    }),
  ),
  web: goObject({ marble: goString, port: goUint16 }),
  bot: goNullable(goObject({ entry: goString })),
};
const mesh = goObject(meshFields);

/** Parses `mesh.json`. Throws `APP_INVALID`. */
export function parseMeshConfig(bytes: Uint8Array): MeshConfig {
  const config = readMesh(bytes);
  require(config.manifest !== "", "manifest is missing");
  require(config.marbles.length > 0, "marbles is missing or empty");
  const types = config.marbles.map(({ type }) => type);
  require(new Set(types).size === types.length, "a marble type occurs twice");
  for (const { type, image, listen } of config.marbles) {
    // The type names a directory and a log file.
    require(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(type), "a marble type is no plain name");
    require(image !== "", `marble ${type} has no image`);
    for (const port of listen.keys()) {
      require(/^[1-9][0-9]{0,4}$/.test(port) && Number(port) < 65_536, `${type}: no port: ${port}`);
    }
  }
  const { web, bot, ...rest } = config;
  const front = config.marbles.find(({ type }) => type === web.marble);
  require(front?.listen.has(String(web.port)) === true, "web names no listening port of a marble");
  return { ...rest, web, ...(bot === undefined ? {} : { bot }) };
}

function readMesh(bytes: Uint8Array): GoStruct<typeof meshFields> {
  try {
    return readGoJson(bytes, mesh, "whole");
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new CliError("APP_INVALID", `mesh.json: ${cause.message}`, { cause });
  }
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new CliError("APP_INVALID", `mesh.json: ${message}`);
}
