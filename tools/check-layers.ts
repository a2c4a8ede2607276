import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The rooms from the ground up; a room may use those of earlier rows only. Apps stand on top of all. */
const ROWS: readonly (readonly string[])[] = [
  ["encoding"],
  ["pki"],
  ["attestation", "manifest", "transparency"],
  ["ballot"],
  ["files", "postgres"],
  ["tee"],
  ["marble"],
  ["client"],
  ["ledger", "witness"],
  ["coordinator", "image"],
  ["cli"],
];

/** Rooms that run in browsers too and do no I/O. */
const GROUND_FLOOR: ReadonlySet<string> = new Set([
  "encoding",
  "pki",
  "attestation",
  "manifest",
  "transparency",
  "ballot",
]);

const SCOPE = "@carrara/";
const SOURCE = /\.(?:ts|tsx|mts|cts|js|mjs|cjs|jsx)$/;
const SKIPPED: ReadonlySet<string> = new Set(["node_modules", "dist", "dist-types", "testdata"]);
const TEST = /\.test\.tsx?$|(?:^|\/)testing\//;
const IMPORT = /\b(?:from|import|require)\b\s*\(?\s*["']([^"'\n]+)["']/g;
const BUILTIN: ReadonlySet<string> = new Set(builtinModules);

/** One broken rule. */
export interface LayerFault {
  /** File relative to the repository, with `/`. */
  readonly file: string;
  readonly message: string;
}

interface Room {
  /** `encoding`, or `apps/emojivoto`. */
  readonly name: string;
  readonly packageName: string;
  readonly dir: string;
  /** Index of its row; undefined for a folder that is no known room. */
  readonly row: number | undefined;
  /** Subpaths that its package.json exports, as `./testing`. */
  readonly entries: ReadonlySet<string>;
  readonly dependencies: readonly string[];
}

/**
 * Checks every room below `root` (`packages/*` and `apps/*`): imports and package.json dependencies
 * point to lower rooms, no room reaches into another's files, the ground floor has no Node modules.
 */
export async function checkLayers(root: string): Promise<LayerFault[]> {
  const rooms = await findRooms(root);
  const byPackage = new Map(rooms.map((room) => [room.packageName, room]));
  const faults = await Promise.all(rooms.map((room) => checkRoom(root, room, byPackage)));
  return faults.flat();
}

async function findRooms(root: string): Promise<Room[]> {
  const rooms: Room[] = [];
  for (const parent of ["packages", "apps"]) {
    for (const name of await directoriesIn(join(root, parent))) {
      const room = await readRoom(join(root, parent, name), parent, name);
      if (room !== undefined) rooms.push(room);
    }
  }
  return rooms;
}

async function directoriesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function readRoom(dir: string, parent: string, name: string): Promise<Room | undefined> {
  const text = await readFile(join(dir, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const file: unknown = JSON.parse(text);
  const exported = field(file, "exports");
  const row = ROWS.findIndex((rooms) => rooms.includes(name));
  return {
    name: parent === "apps" ? `apps/${name}` : name,
    packageName: String(field(file, "name")),
    dir,
    row: parent === "apps" ? ROWS.length : row === -1 ? undefined : row,
    entries: new Set(keysOf(exported)),
    dependencies: [
      "dependencies",
      "devDependencies",
      "peerDependencies",
      "optionalDependencies",
    ].flatMap((kind) => keysOf(field(file, kind))),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

async function checkRoom(
  root: string,
  room: Room,
  rooms: ReadonlyMap<string, Room>,
): Promise<LayerFault[]> {
  const manifest = slashed(relative(root, join(room.dir, "package.json")));
  if (room.row === undefined) {
    return [{ file: manifest, message: `${room.name} is no room of the house: give it a row` }];
  }
  const faults: LayerFault[] = [];
  for (const dependency of room.dependencies) {
    const message = faultOfPackage(room, dependency, rooms);
    if (message !== undefined) faults.push({ file: manifest, message });
  }
  for (const path of await sourcesIn(room.dir)) {
    const file = slashed(relative(root, path));
    for (const specifier of importsOf(await readFile(path, "utf8"))) {
      const message = faultOfImport(room, path, specifier, rooms);
      if (message !== undefined) faults.push({ file, message });
    }
  }
  return faults;
}

async function sourcesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const nested = entries.map(async (entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : await sourcesIn(path);
    return SOURCE.test(entry.name) ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}

function importsOf(source: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, specifier = ""]) => specifier);
}

function faultOfImport(
  room: Room,
  path: string,
  specifier: string,
  rooms: ReadonlyMap<string, Room>,
): string | undefined {
  if (specifier.startsWith(".")) {
    const target = resolve(dirname(path), specifier);
    return target.startsWith(room.dir + sep)
      ? undefined
      : `reaches out of ${room.name} with "${specifier}"`;
  }
  if (specifier.startsWith(SCOPE)) return faultOfPackage(room, specifier, rooms);
  const isNode = specifier.startsWith("node:") || BUILTIN.has(specifier);
  if (isNode && GROUND_FLOOR.has(room.name) && !TEST.test(slashed(path))) {
    return `${room.name} is on the ground floor and may not import "${specifier}"`;
  }
  return undefined;
}

function faultOfPackage(
  room: Room,
  specifier: string,
  rooms: ReadonlyMap<string, Room>,
): string | undefined {
  if (!specifier.startsWith(SCOPE)) return undefined;
  const [scope = "", name = "", ...rest] = specifier.split("/");
  const target = rooms.get(`${scope}/${name}`);
  if (target === undefined) return `"${specifier}" is no room of the house`;
  if (target !== room && (target.row ?? 0) >= (room.row ?? 0)) {
    return `${room.name} may not use ${target.name}, which is not below it`;
  }
  if (rest.length > 0 && !target.entries.has(`./${rest.join("/")}`)) {
    return `"${specifier}" reaches into ${target.name}; import what its package.json exports`;
  }
  return undefined;
}

function slashed(path: string): string {
  return path.split(sep).join("/");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  const faults = await checkLayers(root);
  for (const { file, message } of faults) console.error(`${file}: ${message}`);
  console.log(faults.length === 0 ? "layers: ok" : `layers: ${faults.length} broken`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
