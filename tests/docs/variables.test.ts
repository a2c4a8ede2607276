import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const OF_MARBLES = ["packages/marble/src/marble-environment.ts"];
const OF_COORDINATORS = [
  "packages/coordinator/src/config.ts",
  "packages/coordinator/src/store-config.ts",
  "packages/coordinator/src/observe/trace-config.ts",
  "packages/tee/src/open-tee.ts",
];

/** Names of variables in the source, also where they are only a part of a text. */
function variablesIn(files: readonly string[]): readonly string[] {
  const names = files.flatMap((file) =>
    read(file).match(/\b(?:EDG|CARRARA|OTEL)_[A-Z0-9_]*[A-Z0-9]\b/g),
  );
  return [...new Set(names.filter((name) => name !== null))].toSorted();
}

test.each([
  [
    "a Coordinator",
    OF_COORDINATORS,
    ["docs/run-a-coordinator.md", "docs/operate.md", "docs/high-availability.md"],
  ],
  ["a marble", OF_MARBLES, ["docs/add-a-service.md"]],
])("every variable that %s reads is on a page", (_, files, pages) => {
  const documented = pages.map(read).join("\n");
  const names = variablesIn(files);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !documented.includes(`${name}`))).toEqual([]);
});
