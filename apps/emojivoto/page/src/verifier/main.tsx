// The static verifier: one file that works from a disk or from any origin. See ../../static-verifier.ts.
import "../styles.css";
import { render } from "preact";
import { LanguageProvider } from "../i18n/language.tsx";
import { StandalonePage } from "./standalone-page.tsx";

const container = document.getElementById("main");
if (container !== null) {
  render(
    <LanguageProvider>
      <StandalonePage />
    </LanguageProvider>,
    container,
  );
}
