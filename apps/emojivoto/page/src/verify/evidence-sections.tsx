import type { EvidenceFinding, EvidenceReport } from "@carrara/client/evidence";
import type { ComponentChildren, JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import type { TextKey } from "../i18n/messages.ts";
import { BallotFacts } from "./ballot-facts.tsx";
import { ChangeFacts } from "./change-facts.tsx";
import { CoordinatorFacts } from "./coordinator-facts.tsx";
import { Findings } from "./findings.tsx";
import { ProgramFacts } from "./program-facts.tsx";
import { SiteFacts } from "./site-facts.tsx";

/** Everything that was verified: a card a question, plain words first, details on demand. */
export function EvidenceSections({ report }: { readonly report: EvidenceReport }): JSX.Element {
  const { facts, findings } = report;
  const about = (...subjects: readonly string[]): readonly EvidenceFinding[] =>
    findings.filter(({ id }) => subjects.includes(id.split(".")[0] ?? ""));
  return (
    <>
      <Section title="section.coordinator" findings={about("coordinator", "identity")}>
        {facts.coordinator !== undefined && facts.coordinator.assurance !== "none" && (
          <CoordinatorFacts coordinator={facts.coordinator} rootSha256={facts.rootSha256} />
        )}
      </Section>
      {facts.manifest !== undefined && (
        <Section title="section.programs" findings={about("manifest")}>
          <ProgramFacts manifest={facts.manifest} />
        </Section>
      )}
      {facts.manifest === undefined && about("manifest").length > 0 && (
        <Section title="section.programs" findings={about("manifest")} />
      )}
      {facts.manifest !== undefined && (
        <Section title="section.change" findings={about("updates")}>
          <ChangeFacts manifest={facts.manifest} updates={facts.updates} />
        </Section>
      )}
      {about("site").length > 0 && (
        <Section title="section.site" findings={about("site")}>
          {facts.site !== undefined && <SiteFacts site={facts.site} />}
        </Section>
      )}
      {about("keys").length > 0 && (
        <Section
          title="section.ballots"
          findings={about("keys", "checkpoint", "witnesses", "tally")}
        >
          {facts.keys.length > 0 && <BallotFacts facts={facts} />}
        </Section>
      )}
    </>
  );
}

function Section({
  title,
  findings,
  children,
}: {
  readonly title: TextKey;
  readonly findings: readonly EvidenceFinding[];
  readonly children?: ComponentChildren;
}): JSX.Element {
  const { text } = useWords();
  return (
    <section class="card">
      <h2>{text(title)}</h2>
      <Findings findings={findings} />
      {children}
    </section>
  );
}
