import { render } from "preact";
import { App } from "./app/app.tsx";
import { LanguageProvider } from "./i18n/language.tsx";
import { TrustProvider } from "./trust/trust.tsx";

const container = document.getElementById("main");
if (container !== null) {
  render(
    <LanguageProvider>
      <TrustProvider>
        <App />
      </TrustProvider>
    </LanguageProvider>,
    container,
  );
}
