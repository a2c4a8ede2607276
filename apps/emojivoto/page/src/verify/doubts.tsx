import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";

/** Says that a page cannot vouch for itself, and offers three ways that do not depend on it. */
export function Doubts({ isSimulated }: { readonly isSimulated: boolean }): JSX.Element {
  const { text } = useWords();
  const insecure = isSimulated ? " --insecure" : "";
  return (
    <section class="card doubts">
      <h2>{text("section.doubt")}</h2>
      <p class="lead">{text("doubt.lead")}</p>
      <ol class="ways">
        <li>
          <h3>{text("doubt.cli")}</h3>
          <p>{text("doubt.cli.text")}</p>
          {/* A scrollable region must be reachable by keyboard. */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
          <pre tabIndex={0}>
            <code>
              {[
                `carrara verify ${location.origin}${insecure}`,
                `carrara ballot fetch ${location.origin} --receipt receipt.json${insecure}`,
                `carrara ballot check receipt.json --evidence ballot/evidence.json${insecure}`,
              ].join("\n")}
            </code>
          </pre>
        </li>
        <li>
          <h3>{text("doubt.file")}</h3>
          <p>{text("doubt.file.text")}</p>
          <a class="pill small outlined" href="/verify.html" download="verify.html">
            {text("doubt.file.save")}
          </a>
        </li>
        <li>
          <h3>{text("doubt.origin")}</h3>
          <p>{text("doubt.origin.text")}</p>
        </li>
      </ol>
    </section>
  );
}
