import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { ApiError } from "../api/api-error.ts";
import { createBallotRoutes } from "../api/ballot-routes.ts";
import { useWords } from "../i18n/language.tsx";
import { FileField, readFile } from "../ui/file-field.tsx";
import { LanguageSelect } from "../ui/language-select.tsx";
import { ThemeButton } from "../ui/theme-button.tsx";
import { useAction } from "../ui/use-action.ts";
import { EvidenceSections } from "../verify/evidence-sections.tsx";
import { VerdictBanner } from "../verify/verdict-banner.tsx";
import { AddressForm } from "./address-form.tsx";
import type { ExpectedProgram } from "./expected-program.ts";
import { type FoundEvidence, OpenedDocuments } from "./opened-documents.tsx";
import { type ReadDocument, readDocument } from "./read-document.ts";

/** The page of the static verifier. */
export function StandalonePage(): JSX.Element {
  const { text, time } = useWords();
  const [found, setFound] = useState<FoundEvidence>();
  const [documents, setDocuments] = useState<readonly ReadDocument[]>([]);
  const [unreached, setUnreached] = useState<string>();
  const [expected, setExpected] = useState<ExpectedProgram>({ kind: "any" });
  const latest = useRef(expected);
  const [isOver, setOver] = useState(false);

  const take = async (name: string, content: string, origin?: string): Promise<void> => {
    if (expected.kind === "unreadable") return;
    const uniqueId = expected.kind === "named" ? expected.uniqueId : undefined;
    const document = await readDocument(name, content, new Date(), uniqueId);
    if (latest.current !== expected) return;
    if (document.kind === "evidence") setFound({ evidence: document.evidence, origin });
    else setDocuments((all) => [...all, document]);
  };
  /** What was verified under another expectation, or none, is not left standing. */
  const expect = (next: ExpectedProgram): void => {
    latest.current = next;
    setExpected(next);
    setFound(undefined);
  };
  const fetching = useAction(async (origin: string) => {
    setUnreached(undefined);
    try {
      await take(origin, await createBallotRoutes(origin).evidence(), origin);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setUnreached(`curl -k ${origin}/api/v2/evidence -o evidence.json`);
    }
  });
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    for (const file of event.dataTransfer?.files ?? []) {
      void readFile(file).then((content) => take(file.name, content));
    }
  };

  return (
    <>
      <header class="top">
        <span class="brand">
          <span aria-hidden="true">🔎</span> {text("standalone.title")}
        </span>
        <div class="settings">
          <LanguageSelect />
          <ThemeButton />
        </div>
      </header>
      <main
        class="standalone"
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <section class="card">
          <h1>{text("standalone.title")}</h1>
          <p class="lead">{text("standalone.lead")}</p>
          <AddressForm
            isBusy={fetching.isBusy}
            expected={expected}
            onAddress={fetching.run}
            onExpected={expect}
          />
          {unreached !== undefined && (
            <p class="notice bad" role="alert">
              {text("standalone.unreachable", { command: unreached })}
            </p>
          )}
          <div class={isOver ? "drop over" : "drop"}>
            <p>{text("standalone.file")}</p>
            <FileField
              label={text("standalone.drop")}
              onFile={(name, content) => void take(name, content)}
            />
          </div>
          <div role="status">
            {found !== undefined && (
              <>
                <VerdictBanner verdict={found.evidence.report.verdict} />
                <p class="quiet">
                  {found.origin} {text("verify.time", { time: time(found.evidence.at) })}
                </p>
              </>
            )}
          </div>
        </section>
        <OpenedDocuments documents={documents} found={found} />
        {found !== undefined && <EvidenceSections report={found.evidence.report} />}
      </main>
    </>
  );
}
