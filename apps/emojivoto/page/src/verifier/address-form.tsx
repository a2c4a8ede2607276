import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useWords } from "../i18n/language.tsx";
import { type ExpectedProgram, expectedProgramOf } from "./expected-program.ts";
import { pollOriginOf } from "./poll-origin.ts";

/** Asks for the address of a poll, and for the Coordinator that its reader expects. */
export function AddressForm({
  isBusy,
  expected,
  onAddress,
  onExpected,
}: {
  readonly isBusy: boolean;
  readonly expected: ExpectedProgram;
  readonly onAddress: (origin: string) => void;
  readonly onExpected: (expected: ExpectedProgram) => void;
}): JSX.Element {
  const { text } = useWords();
  const [isInvalid, setInvalid] = useState(false);
  const submit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }): void => {
    event.preventDefault();
    const address = new FormData(event.currentTarget).get("address");
    const origin = typeof address === "string" ? pollOriginOf(address) : undefined;
    setInvalid(origin === undefined);
    if (origin !== undefined) onAddress(origin);
  };
  return (
    <form onSubmit={submit}>
      <label class="field">
        <span>{text("standalone.identity")}</span>
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          maxLength={100}
          aria-invalid={expected.kind === "unreadable"}
          onInput={(event) => onExpected(expectedProgramOf(event.currentTarget.value))}
        />
        <span class="quiet">{text("standalone.identity.hint")}</span>
      </label>
      <label class="field">
        <span>{text("standalone.address")}</span>
        <input type="text" name="address" inputMode="url" placeholder="https://localhost:8443" />
      </label>
      {expected.kind === "unreadable" && (
        <p class="notice bad" role="alert">
          {text("standalone.identity.invalid")}
        </p>
      )}
      {isInvalid && (
        <p class="notice bad" role="alert">
          {text("standalone.address.invalid")}
        </p>
      )}
      <div class="row">
        <button type="submit" class="pill small" aria-disabled={isBusy}>
          {text("standalone.fetch")}
        </button>
      </div>
    </form>
  );
}
