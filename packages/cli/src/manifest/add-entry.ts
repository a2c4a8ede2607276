import { goRaw, type JsonMember, type JsonNode, readGoJson } from "@carrara/manifest";
import { CliError } from "../cli-error.ts";
import { formatJson } from "./format-json.ts";

/** A string in JSON. */
export function jsonString(value: string): JsonNode {
  return { kind: "string", value };
}

/**
 * The manifest (JSON) with one more entry in a section, as JSON text; the section is made where it is
 * missing. Throws `ENTRY_EXISTS` for a name that the section has, and the `JSON_…` codes.
 */
export function addEntry(
  manifest: Uint8Array,
  section: "Users" | "RecoveryKeys",
  name: string,
  value: JsonNode,
): string {
  const root = readGoJson(manifest, goRaw, "whole");
  const members = root.kind === "object" ? root.members : [];
  const isSection = ({ key }: JsonMember) => key.toLowerCase() === section.toLowerCase();
  const found = members.find(isSection)?.value;
  const entries = found?.kind === "object" ? found.members : [];
  if (entries.some(({ key }) => key === name)) {
    throw new CliError("ENTRY_EXISTS", `${section} has an entry ${name} already`);
  }
  const filled: JsonMember = {
    key: section,
    value: { kind: "object", members: [...entries, { key: name, value }] },
  };
  const others = members.filter((member) => !isSection(member));
  return `${formatJson({ kind: "object", members: [...others, filled] })}\n`;
}
