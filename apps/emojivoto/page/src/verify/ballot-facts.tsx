import type { EvidenceFacts } from "@carrara/client/evidence";
import { toBase64, toHex } from "@carrara/encoding";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { Details, FactList, hex } from "./fact-list.tsx";

/** The keys, the ledger, the count and the witnesses. */
export function BallotFacts({ facts }: { readonly facts: EvidenceFacts }): JSX.Element {
  const { text, number, time } = useWords();
  const { keys, logKey, checkpoint, tally } = facts;
  const witnesses = (checkpoint?.cosignedBy ?? []).map(({ name, timeSeconds }) =>
    text("ballots.witness.seen", { name, time: time(new Date(timeSeconds * 1000)) }),
  );
  const hpkeKeys = keys.flatMap((statement) => statement.hpkeKeys.map((key) => toHex(key)));
  return (
    <Details>
      <FactList
        facts={[
          ["ballots.poll", keys[0]?.poll],
          ["ballots.log", hex(logKey?.name)],
          [
            "ballots.key",
            hpkeKeys.map((key) => (
              <code class="hex" key={key}>
                {key}
              </code>
            )),
          ],
          ["ballots.size", checkpoint && number(checkpoint.size)],
          ["ballots.root", hex(checkpoint && toBase64(checkpoint.root))],
          ["ballots.counted", tally && number(tally.counted)],
          ["ballots.superseded", tally && number(tally.superseded)],
          ["ballots.witnesses", witnesses.length > 0 ? witnesses.join("; ") : text("fact.none")],
        ]}
      />
    </Details>
  );
}
