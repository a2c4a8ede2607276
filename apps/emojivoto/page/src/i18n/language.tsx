import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { readStored, writeStored } from "../ui/stored.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { fill, type Messages, type TextKey, type Values } from "./messages.ts";

/** Languages of the page, by their BCP 47 tag. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
/** One of them. */
export type Language = keyof typeof LANGUAGES;

/** Texts by their name. A new language is a catalogue of its own and one line here. */
const CATALOGUES: Readonly<Record<Language, Messages>> = { en, de };

/** Where the voter's choice is kept. */
const KEY = "carrara.language";

/** Keys that have a form for one and a form for others. */
type CountKey = {
  [K in TextKey]: K extends `${infer Stem}.one` ? Stem : never;
}[TextKey];

/** The page's words in the voter's language. */
export interface Words {
  readonly language: Language;
  setLanguage(language: Language): void;
  /** The text `key` with its values. */
  text(key: TextKey, values?: Values): string;
  /** The form of `key` for `count`, which is put in as `{count}`. */
  count(key: CountKey, count: number): string;
  number(value: number): string;
  time(value: Date): string;
}

const Context = createContext<Words | undefined>(undefined);

/** Gives everything inside the voter's language. */
export function LanguageProvider({
  children,
}: {
  readonly children: ComponentChildren;
}): JSX.Element {
  const [language, setLanguage] = useState<Language>(() =>
    chooseLanguage(readStored(KEY), navigator.languages),
  );
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const words = useMemo(
    () =>
      createWords(language, (next) => {
        writeStored(KEY, next);
        setLanguage(next);
      }),
    [language],
  );
  return <Context.Provider value={words}>{children}</Context.Provider>;
}

/** The words of the surrounding {@link LanguageProvider}. */
export function useWords(): Words {
  const words = useContext(Context);
  if (words === undefined) throw new TypeError("no LanguageProvider around");
  return words;
}

/** What the voter chose, else the first of the browser's languages that there is, else English. */
export function chooseLanguage(stored: string | undefined, wanted: readonly string[]): Language {
  const primary = [stored ?? "", ...wanted].map((tag) => tag.split("-")[0]?.toLowerCase() ?? "");
  return primary.find(isLanguage) ?? "en";
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(LANGUAGES, tag);
}

/** Creates the words of one language. */
export function createWords(language: Language, setLanguage: (language: Language) => void): Words {
  const messages = CATALOGUES[language];
  const plural = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const times = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const text = (key: TextKey, values?: Values): string => fill(messages[key], values);
  return {
    language,
    setLanguage,
    text,
    count: (key, count) => {
      const form = plural.select(count) === "one" ? "one" : "other";
      return text(`${key}.${form}`, { count: numbers.format(count) });
    },
    number: (value) => numbers.format(value),
    time: (value) => (Number.isNaN(value.getTime()) ? "?" : times.format(value)),
  };
}
