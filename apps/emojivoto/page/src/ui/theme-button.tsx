import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { useWords } from "../i18n/language.tsx";
import { readStored, writeStored } from "./stored.ts";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const KEY = "carrara.theme";
const SIGNS = { system: "◐", light: "☀", dark: "☾" } as const;

/** Walks through the appearances: as the system has it, light, dark. */
export function ThemeButton(): JSX.Element {
  const { text } = useWords();
  const [theme, setTheme] = useState<Theme>(() => themeOf(readStored(KEY)));
  // Before the next picture, or it would flash in the other appearance.
  useLayoutEffect(() => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const turn = (): void => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
    writeStored(KEY, next === "system" ? undefined : next);
    setTheme(next);
  };
  const label = text(`settings.theme.${theme}`);
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={turn}>
      <span aria-hidden="true">{SIGNS[theme]}</span>
    </button>
  );
}

function themeOf(stored: string | undefined): Theme {
  return THEMES.find((theme) => theme === stored) ?? "system";
}
