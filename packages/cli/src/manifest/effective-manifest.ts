import { utf8 } from "@carrara/encoding";
import {
  goObject,
  goRaw,
  goString,
  goUint64,
  type JsonMember,
  type JsonNode,
  ManifestError,
  readGoJson,
} from "@carrara/manifest";
import { formatJson } from "./format-json.ts";

const logEntry = goObject({ update: goString, package: goString, "new version": goUint64 });

/** Entries after which the versions that earlier ones name are in the manifest itself. */
const NEW_MANIFEST: ReadonlySet<string> = new Set([
  "Initial manifest set",
  "Complete Manifest updated",
]);

/**
 * The manifest in force as people read it: the one that was set, with the security versions that
 * package updates have raised since (spec marblerun section 7.5), indented by four spaces, members
 * that are null dropped. Throws the `JSON_…` codes.
 */
export function effectiveManifest(manifest: Uint8Array, updateLog: readonly string[]): string {
  const root = readGoJson(manifest, goRaw, "whole");
  return `${formatJson(withVersions(root, raisedVersions(updateLog)))}\n`;
}

/** Security versions by package. Lines of later versions of the log may say more and are skipped. */
function raisedVersions(updateLog: readonly string[]): ReadonlyMap<string, bigint> {
  const versions = new Map<string, bigint>();
  for (const line of updateLog) {
    const entry = readEntry(line);
    if (entry === undefined) continue;
    if (NEW_MANIFEST.has(entry.update)) versions.clear();
    if (entry.package !== "") versions.set(entry.package, entry["new version"]);
  }
  return versions;
}

function readEntry(
  line: string,
):
  | { readonly update: string; readonly package: string; readonly "new version": bigint }
  | undefined {
  try {
    return readGoJson(utf8(line), logEntry, "stream");
  } catch (cause) {
    if (cause instanceof ManifestError) return undefined;
    throw cause;
  }
}

function withVersions(root: JsonNode, versions: ReadonlyMap<string, bigint>): JsonNode {
  return mapMembers(root, (section) =>
    isKey(section, "packages")
      ? mapMembers(section.value, ({ key, value }) => withVersion(value, versions.get(key)))
      : section.value,
  );
}

function withVersion(pkg: JsonNode, version: bigint | undefined): JsonNode {
  if (version === undefined || pkg.kind !== "object") return pkg;
  const others = pkg.members.filter((member) => !isKey(member, "securityversion"));
  const value = { kind: "number", text: String(version) } as const;
  return { kind: "object", members: [...others, { key: "SecurityVersion", value }] };
}

/** Go matches the names of its fields in any case. */
function isKey({ key }: JsonMember, name: string): boolean {
  return key.toLowerCase() === name;
}

function mapMembers(node: JsonNode, readMember: (member: JsonMember) => JsonNode): JsonNode {
  if (node.kind !== "object") return node;
  const members = node.members.map((member) => ({ key: member.key, value: readMember(member) }));
  return { kind: "object", members };
}
