import type { SiteCertificate } from "@carrara/client/evidence";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { CodeText } from "../ui/code-text.tsx";
import { Details, FactList } from "./fact-list.tsx";

/** The certificate that the site presents, and how to compare it with what the browser shows. */
export function SiteFacts({ site }: { readonly site: SiteCertificate }): JSX.Element {
  const { text, time } = useWords();
  const valid = text("site.valid.range", { from: time(site.notBefore), to: time(site.notAfter) });
  return (
    <>
      <p>{text("site.compare")}</p>
      <h3>{text("site.sha256")}</h3>
      <CodeText hex={site.sha256} />
      <Details>
        <FactList
          facts={[
            ["site.name", site.commonName],
            ["site.names", site.dnsNames.join(", ") || undefined],
            ["site.valid", valid],
          ]}
        />
      </Details>
    </>
  );
}
