import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Files that declare a closed union of error codes, as every room has one. */
function errorFiles(): string[] {
  return ["packages", "apps"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => /src[\\/](?:.*[\\/])?[a-z-]*error(?:-codes?)?\.ts$/.test(path))
      .filter((path) => !/node_modules|dist[\\/]/.test(path))
      .map((path) => join(ROOT, folder, path)),
  );
}

function codesInSource(): Set<string> {
  const literals = errorFiles().flatMap((file) => [
    ...readFileSync(file, "utf8").matchAll(/["']([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)["']/g),
  ]);
  return new Set(literals.map(([, code = ""]) => code));
}

function codesInDocs(): Set<string> {
  const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  return new Set([...page.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code = ""]) => code));
}

test("docs/errors.md lists every error code, and no code that is gone", () => {
  const source = codesInSource();
  const docs = codesInDocs();
  expect(source.size).toBeGreaterThan(50);
  expect([...source].filter((code) => !docs.has(code))).toEqual([]);
  expect([...docs].filter((code) => !source.has(code))).toEqual([]);
});

test("docs/errors.md says of each code of a package what it means once", () => {
  const sections = readFileSync(join(ROOT, "docs/errors.md"), "utf8").split(/^## /m);
  const twice = sections.flatMap((section) => {
    const codes = [...section.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code]) => code);
    return codes.filter((code, index) => codes.indexOf(code) !== index);
  });
  expect(twice).toEqual([]);
});
