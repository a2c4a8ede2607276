import type { AttestedCoordinator } from "@carrara/client/evidence";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { Details, FactList, hex } from "./fact-list.tsx";

/** What the Coordinator's evidence says of it. */
export function CoordinatorFacts({
  coordinator,
  rootSha256,
}: {
  readonly coordinator: AttestedCoordinator;
  readonly rootSha256: string | undefined;
}): JSX.Element {
  const { text } = useWords();
  const { identity, tee, tcbStatus, advisoryIds, trustAnchor, assurance } = coordinator;
  const { signer } = identity;
  const simulated = assurance === "simulation" ? " · simulation" : "";
  return (
    <>
      <p>{text("coordinator.lead")}</p>
      <Details>
        <FactList
          facts={[
            ["fact.measurement", hex(identity.uniqueId)],
            ["fact.signer", hex(signer?.signerId)],
            ["fact.product", signer?.productId],
            ["fact.version", signer?.securityVersion],
            ["fact.debug", text(identity.debug ? "fact.debug.yes" : "fact.debug.no")],
            ["fact.platform", `${tee.toUpperCase()}${simulated}`],
            ["fact.tcb", tcbStatus],
            [
              "fact.advisories",
              advisoryIds.length > 0 ? advisoryIds.join(", ") : text("fact.none"),
            ],
            ["fact.anchor", trustAnchor],
            ["fact.root", hex(rootSha256)],
          ]}
        />
      </Details>
    </>
  );
}
