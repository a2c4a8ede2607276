import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Rooms from the ground up; a room may import only from rows above its own in this list. */
const ROOMS: readonly (readonly string[])[] = [
  ["encoding"],
  ["pki"],
  ["attestation", "manifest"],
  ["tee"],
  ["marble"],
  ["client"],
  ["coordinator", "image"],
  ["cli"],
];
/** Rooms that do no I/O and run in browsers. */
const PURE: ReadonlySet<string> = new Set(["encoding", "pki", "attestation", "manifest"]);
const SCOPE = "@carrara/";
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;

interface Room {
  readonly name: string;
  readonly dir: string;
  readonly rank: number;
}

function roomsOf(root: string): Room[] {
  const rooms: Room[] = [];
  for (const [folder, rankOf] of [
    ["packages", (name: string) => ROOMS.findIndex((row) => row.includes(name))],
    ["apps", () => ROOMS.length],
  ] as const) {
    const parent = join(root, folder);
    for (const name of existsSync(parent) ? readdirSync(parent) : []) {
      if (!existsSync(join(parent, name, "package.json"))) continue;
      rooms.push({ name, dir: join(parent, name), rank: rankOf(name) });
    }
  }
  return rooms;
}

function sourcesOf(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory())
      return ["node_modules", "dist", "gen"].includes(entry.name) ? [] : sourcesOf(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** What breaks the layer rule in the workspace at `root`, one line each; empty when all is well. */
export function layerViolations(root: string): string[] {
  const rooms = roomsOf(root);
  const rankByPackage = new Map(rooms.map(({ name, rank }) => [SCOPE + name, rank]));
  return rooms.flatMap((room) => {
    if (room.rank < 0)
      return [`packages/${room.name}: has no place in the house; add it to the list`];
    return [
      ...dependencyViolations(room, rankByPackage),
      ...importViolations(root, room, rankByPackage),
    ];
  });
}

function dependencyViolations(room: Room, ranks: ReadonlyMap<string, number>): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(room.dir, "package.json"), "utf8"));
  const { dependencies = {}, devDependencies = {} } = manifest as Record<
    string,
    object | undefined
  >;
  return Object.keys({ ...dependencies, ...devDependencies })
    .filter((name) => name.startsWith(SCOPE) && !isBelow(name, room, ranks))
    .map((name) => `${room.name}/package.json: depends on ${name}, which is not below it`);
}

function isBelow(name: string, room: Room, ranks: ReadonlyMap<string, number>): boolean {
  const rank = ranks.get(name);
  return rank !== undefined && rank < room.rank;
}

function importViolations(root: string, room: Room, ranks: ReadonlyMap<string, number>): string[] {
  const violations: string[] = [];
  for (const file of sourcesOf(room.dir)) {
    const where = relative(root, file);
    const isTest = /\.test\.tsx?$|[\\/]testing[\\/]/.test(file);
    for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      if (specifier.startsWith(SCOPE)) {
        const [scope = "", name = "", ...deep] = specifier.split("/");
        if (deep.length > 0) violations.push(`${where}: reaches into ${specifier}`);
        else if (!isBelow(`${scope}/${name}`, room, ranks)) {
          violations.push(`${where}: imports ${specifier}, which is not below it`);
        }
      }
      if (specifier.startsWith(".") && leaves(room, file, specifier)) {
        violations.push(`${where}: leaves its room by ${specifier}`);
      }
      if (PURE.has(room.name) && !isTest && specifier.startsWith("node:")) {
        violations.push(`${where}: imports ${specifier} on the ground floor`);
      }
    }
  }
  return violations;
}

function leaves(room: Room, file: string, specifier: string): boolean {
  return relative(room.dir, join(file, "..", specifier)).startsWith("..");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = layerViolations(fileURLToPath(new URL("..", import.meta.url)));
  for (const violation of violations) console.error(violation);
  console.log(violations.length === 0 ? "layers hold" : `${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
