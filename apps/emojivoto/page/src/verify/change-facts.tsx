import type { UpdateEntry, VerifiedManifest } from "@carrara/client/evidence";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { Details } from "./fact-list.tsx";
import { Sentences } from "./program-facts.tsx";

/** Who may change the manifest, and what was changed so far. */
export function ChangeFacts({
  manifest,
  updates,
}: {
  readonly manifest: VerifiedManifest;
  readonly updates: readonly UpdateEntry[] | undefined;
}): JSX.Element {
  const { text } = useWords();
  return (
    <>
      <p>{text("change.lead")}</p>
      <Sentences manifest={manifest} kinds={["user", "role", "update", "recovery", "config"]} />
      <Details title="change.log">
        <p class="quiet">{text("change.log.unsigned")}</p>
        {updates === undefined || updates.length === 0 ? (
          <p>{text("change.log.empty")}</p>
        ) : (
          <ol class="log">
            {updates.map((entry) => (
              <Entry key={JSON.stringify(entry)} entry={entry} />
            ))}
          </ol>
        )}
      </Details>
    </>
  );
}

function Entry({ entry }: { readonly entry: UpdateEntry }): JSX.Element {
  const { time } = useWords();
  const raised =
    entry.package === undefined ? "" : ` · ${entry.package} → ${entry.newVersion ?? "?"}`;
  return (
    <li>
      <time dateTime={entry.time}>{time(new Date(entry.time))}</time>
      <span lang="en">
        {entry.text}
        {entry.user !== undefined && ` · ${entry.user}`}
        {raised}
      </span>
    </li>
  );
}
