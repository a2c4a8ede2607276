import type { VerifiedManifest } from "@carrara/client/evidence";
import { explainManifest, type FactKind, ManifestError } from "@carrara/manifest";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { Details, FactList, hex } from "./fact-list.tsx";

type Package =
  VerifiedManifest["manifest"]["packages"] extends ReadonlyMap<string, infer P> ? P : never;

/** Which programs the manifest lets run, with their measurements. */
export function ProgramFacts({ manifest }: { readonly manifest: VerifiedManifest }): JSX.Element {
  const { text } = useWords();
  return (
    <>
      <p>{text("programs.lead")}</p>
      <ul class="programs" aria-label={text("programs.table")}>
        {[...manifest.manifest.packages].map(([name, pkg]) => (
          <li key={name}>
            <Program name={name} pkg={pkg} />
          </li>
        ))}
      </ul>
      <Details title="programs.more">
        <Sentences manifest={manifest} kinds={["marble", "tls", "secret"]} />
        <FactList facts={[["fact.manifest", hex(manifest.fingerprint)]]} />
      </Details>
    </>
  );
}

function Program({ name, pkg }: { readonly name: string; readonly pkg: Package }): JSX.Element {
  const { text } = useWords();
  const version = pkg.securityVersion ?? text("fact.any");
  return (
    <details>
      <summary>
        <strong>{name}</strong>
        <span class="quiet">{text("programs.summary", { version })}</span>
        <code title={pkg.uniqueId || pkg.signerId}>{shortIdentity(pkg)}</code>
      </summary>
      <div class="details-body">
        <FactList
          facts={[
            ["fact.measurement", hex(pkg.uniqueId.toLowerCase()) ?? text("fact.any")],
            ["fact.signer", hex(pkg.signerId.toLowerCase()) ?? text("fact.any")],
            [
              "fact.product",
              pkg.productId === undefined ? text("fact.any") : String(pkg.productId),
            ],
            ["fact.version", version],
            ["fact.debug", text(pkg.debug ? "fact.debug.yes" : "fact.debug.no")],
          ]}
        />
      </div>
    </details>
  );
}

/** Enough of the measurement, or of the signer, to recognise it. */
function shortIdentity({ uniqueId, signerId }: Package): string {
  const identity = (uniqueId || signerId).toLowerCase();
  return identity === "" ? "–" : `${identity.slice(0, 8)}…${identity.slice(-4)}`;
}

/** What the manifest says about `kinds`, in its own English sentences. */
export function Sentences({
  manifest,
  kinds,
}: {
  readonly manifest: VerifiedManifest;
  readonly kinds: readonly FactKind[];
}): JSX.Element {
  return (
    <ul class="sentences" lang="en">
      {sentencesOf(manifest, kinds).map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

/** Empty for a manifest that breaks its own rules, which no Coordinator accepts. */
function sentencesOf(
  { manifest }: VerifiedManifest,
  kinds: readonly FactKind[],
): readonly string[] {
  try {
    return explainManifest(manifest)
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ sentence }) => sentence);
  } catch (cause) {
    if (cause instanceof ManifestError) return [];
    throw cause;
  }
}
