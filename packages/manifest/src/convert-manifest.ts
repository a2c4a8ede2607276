import { utf8 } from "@carrara/encoding";
import { LineCounter, parseDocument, type Tags } from "yaml";
import { ManifestError } from "./error.ts";
import { MAX_JSON_BYTES } from "./go-json.ts";
import { encodeGoJson, type GoJsonValue } from "./go-json-encode.ts";
import { MAX_JSON_DEPTH, parseJsonNode } from "./json-node.ts";

/** Uses of YAML aliases one document may expand to; each may repeat a whole branch. */
const MAX_ALIASES = 100;
/** YAML 1.1 tags that become no plain JSON value; scalars that only look like them stay text, as in Go. */
const NOT_JSON: ReadonlySet<string> = new Set([
  "tag:yaml.org,2002:binary",
  "tag:yaml.org,2002:omap",
  "tag:yaml.org,2002:pairs",
  "tag:yaml.org,2002:set",
  "tag:yaml.org,2002:timestamp",
]);

/**
 * The bytes a client sends for a manifest file (spec marblerun section 4.1): valid JSON byte for
 * byte, otherwise YAML 1.1 read strictly (duplicate keys refused, one document) as compact JSON with
 * sorted keys and HTML-safe escapes. The fingerprint is that of the result. Throws `MANIFEST_EMPTY`,
 * `MANIFEST_YAML`, `JSON_SIZE`.
 */
export function convertManifest(source: Uint8Array | string): Uint8Array {
  const bytes = typeof source === "string" ? utf8(source) : source;
  if (bytes.length > MAX_JSON_BYTES) {
    throw new ManifestError(
      "JSON_SIZE",
      `manifest of ${bytes.length} bytes, limit ${MAX_JSON_BYTES}`,
    );
  }
  const text = decodeText(bytes);
  if (text.trim() === "" || text.trim() === "null") refuseEmpty();
  return isJson(text) ? bytes : utf8(encodeGoJson(readYaml(text)));
}

function refuseEmpty(): never {
  throw new ManifestError(
    "MANIFEST_EMPTY",
    "the manifest is empty; a command that writes the file it reads leaves it so",
  );
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ManifestError("MANIFEST_YAML", "the manifest is not UTF-8 text", { cause });
  }
}

function isJson(text: string): boolean {
  try {
    return parseJsonNode(text).end === text.length;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return false;
  }
}

function readYaml(text: string): GoJsonValue {
  const value = parseStrictYaml(text);
  if (value === null || value === undefined) refuseEmpty();
  if (!(value instanceof Map)) refuseYaml("the manifest needs to be a mapping of its sections");
  return toGoJson(value, []);
}

function refuseYaml(message: string, cause?: unknown): never {
  throw new ManifestError("MANIFEST_YAML", message, { cause });
}

function parseStrictYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  try {
    const document = parseDocument(text, {
      version: "1.1",
      customTags: withoutForeignTags,
      intAsBigInt: true,
      lineCounter,
      logLevel: "error",
      prettyErrors: false,
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem === undefined) {
      return document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES }) as unknown;
    }
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    refuseYaml(`neither JSON nor YAML: line ${line}, column ${col}: ${problem.code}`);
  } catch (cause) {
    if (cause instanceof ManifestError) throw cause;
    // The library reports too many aliases and the end of its stack with plain errors.
    refuseYaml("the manifest is neither JSON nor YAML, or has too many aliases or levels", cause);
  }
}

function withoutForeignTags(tags: Tags): Tags {
  return tags.filter(
    (tag) => typeof tag === "string" || !(NOT_JSON.has(tag.tag) || isSexagesimal(tag)),
  );
}

/** `1:30` is a number in YAML 1.1 but text to Go. */
function isSexagesimal(tag: object): boolean {
  return "format" in tag && tag.format === "TIME";
}

/** `ancestors` are the collections around `value`: an alias to one of them has no JSON form. */
function toGoJson(value: unknown, ancestors: readonly unknown[]): GoJsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) {
    return value;
  }
  if (ancestors.length > MAX_JSON_DEPTH) refuseYaml(`YAML deeper than ${MAX_JSON_DEPTH} levels`);
  if (ancestors.includes(value)) refuseYaml("a YAML alias refers to what it is part of");
  const around = [...ancestors, value];
  if (Array.isArray(value)) return value.map((item: unknown) => toGoJson(item, around));
  if (value instanceof Map) {
    const entries = new Map(
      [...value].map(([key, each]) => [keyText(key), toGoJson(each, around)]),
    );
    if (entries.size < value.size) refuseYaml("two YAML keys become the same JSON key");
    return entries;
  }
  return refuseYaml("a YAML value has no JSON form");
}

/** Numbers and booleans as keys become text, as Go does. */
function keyText(key: unknown): string {
  if (typeof key === "string") return key;
  if (typeof key === "bigint" || typeof key === "number" || typeof key === "boolean") {
    return String(key);
  }
  return refuseYaml("a YAML key needs to be text, a number or a boolean");
}
