import { toHex } from "@carrara/encoding";
import type { Finding, TargetReport } from "./run-target.ts";

/** Bytes of an input that are shown; the whole of it goes to a file. */
const SHOWN_BYTES = 4096;

/** The table of a run, and below it `N inputs, M findings`. */
export function tableOf(reports: readonly TargetReport[]): string {
  const rows = [
    ["target", "runs", "accepted", "refused", "slowest ms"],
    ...reports.map(({ name, runs, accepted, refused, slowestMs }) => [
      name,
      ...[runs, accepted, refused].map(String),
      slowestMs.toFixed(1),
    ]),
  ];
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, i) => Math.max(widest[i] ?? 0, cell.length)),
    [],
  );
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  "),
  );
  const inputs = reports.reduce((sum, { runs }) => sum + runs, 0);
  return [...lines, "", `${inputs} inputs, ${findingsOf(reports).length} findings`].join("\n");
}

/** The findings of all targets. */
export function findingsOf(reports: readonly TargetReport[]): Finding[] {
  return reports.flatMap(({ findings }) => findings);
}

/** What happened and how it is made to happen again; `files` is where input and world were put. */
export function describeFinding(
  { target, seed, iteration, part, delivery, what, input }: Finding,
  files?: { readonly input: string; readonly world: string },
): string {
  const how = delivery === "plain" ? "" : `, handed over ${delivery}`;
  const hex = toHex(input.subarray(0, SHOWN_BYTES));
  const rest =
    input.length > SHOWN_BYTES ? ` (the first ${SHOWN_BYTES} of ${input.length} bytes)` : "";
  const world = files === undefined ? "" : ` --world ${files.world}`;
  const partOption = part === "" ? "" : ` --part ${part}`;
  return [
    `${target}: ${what}${how}`,
    `  seed ${seed}, iteration ${iteration}`,
    `  input ${hex}${rest}`,
    `  npm run fuzz -- --target "${target}" --seed ${seed}${partOption}${world} --replay ${
      files === undefined ? "HEX" : `@${files.input}`
    }`,
  ].join("\n");
}
