import type { JSX } from "preact";
import { LANGUAGES, type Language, useWords } from "../i18n/language.tsx";

/** Chooses the language of the page. */
export function LanguageSelect(): JSX.Element {
  const { text, language, setLanguage } = useWords();
  return (
    <select
      class="language"
      aria-label={text("settings.language")}
      value={language}
      onChange={(event) => {
        setLanguage(event.currentTarget.value as Language);
      }}
    >
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <option key={tag} value={tag} lang={tag}>
          {name}
        </option>
      ))}
    </select>
  );
}
