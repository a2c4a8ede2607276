import { resolve } from "node:path";
import { checkOpening, parseOpening } from "@carrara/ballot";
import { toHex } from "@carrara/encoding";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";
import { writeReport } from "../report.ts";
import { ballotCodeText } from "./ballot-code.ts";
import { type ChoiceOptions, choiceNames, choiceText } from "./choice-names.ts";

/** Recomputes the code of the ballot in `file`, which was audited instead of cast, and writes its choice. */
export async function showOpening(
  context: CommandContext,
  file: string,
  given: ChoiceOptions,
): Promise<void> {
  const { io, options } = context;
  const names = await choiceNames(context, given);
  const opening = parseOpening(await readText(resolve(io.cwd, file)));
  checkOpening(opening);
  const { poll, choice } = opening;
  const commitment = toHex(opening.commitment);
  writeReport(io, options, {
    text: [
      `OK: the code was made from ${choiceText(choice, names)} in the poll ${poll}`,
      `Ballot code: ${ballotCodeText(opening.commitment)}`,
      "Compare both with what the page showed. This ballot is opened: it must never be cast.",
    ].join("\n"),
    json: { result: "OK", poll, choice, commitment },
  });
}
