import type { JsonNode } from "@carrara/manifest";

/**
 * JSON for people: indented by four spaces, members that are null dropped, digits as they were
 * written. No final newline.
 */
export function formatJson(node: JsonNode, indent = ""): string {
  const inner = `${indent}    `;
  switch (node.kind) {
    case "object": {
      const members = node.members.filter(({ value }) => value.kind !== "null");
      const lines = members.map(
        ({ key, value }) => `${inner}${JSON.stringify(key)}: ${formatJson(value, inner)}`,
      );
      return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
    }
    case "array": {
      const lines = node.items.map((item) => `${inner}${formatJson(item, inner)}`);
      return lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n${indent}]`;
    }
    case "number":
      return node.text;
    case "null":
      return "null";
    case "bool":
    case "string":
      return JSON.stringify(node.value);
  }
}
