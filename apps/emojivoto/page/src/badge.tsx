import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type AttestationFacts, loadAttestation } from "./api.ts";
import { AttestationDetails } from "./attestation-details.tsx";
import { type Loaded, useLoaded } from "./use-loaded.ts";

/** The badge that says how this service is protected, and opens what that rests on. */
export function Badge(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const { state, retry } = useLoaded(loadAttestation);
  const close = (): void => {
    dialog.current?.close();
  };
  return (
    <>
      <button
        type="button"
        class={`badge ${badgeClass(state)}`}
        aria-haspopup="dialog"
        onClick={() => dialog.current?.showModal()}
      >
        <span class="dot" aria-hidden="true" />
        {badgeText(state)}
      </button>
      <dialog ref={dialog} class="details" closedby="any" aria-labelledby="details-title">
        <AttestationDetails state={state} onRetry={retry} onClose={close} />
      </dialog>
    </>
  );
}

/** The page cannot prove anything about the server that sent it, so "attested" always says on what. */
function badgeText(state: Loaded<AttestationFacts>): string {
  if (state.kind !== "ready") return "attestation unknown";
  switch (state.value.assurance) {
    case "simulation":
      return "attested · simulation";
    case "hardware":
      return "attested · hardware";
    case "unknown":
      return "attestation unknown";
  }
}

function badgeClass(state: Loaded<AttestationFacts>): string {
  return state.kind === "ready" ? state.value.assurance : "unknown";
}
