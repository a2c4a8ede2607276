import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";

/** Finds emoji by name, and tells how many there are. */
export function SearchField({
  query,
  found,
  onQuery,
}: {
  readonly query: string;
  readonly found: number;
  readonly onQuery: (query: string) => void;
}): JSX.Element {
  const { text, count } = useWords();
  return (
    <search class="search">
      <input
        type="search"
        value={query}
        placeholder={text("vote.search")}
        aria-label={text("vote.search")}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onQuery(event.currentTarget.value)}
      />
      <span class={query !== "" && found === 0 ? "quiet" : "hidden-text"} role="status">
        {query !== "" &&
          (found === 0 ? text("vote.search.none", { query }) : count("vote.search.found", found))}
      </span>
    </search>
  );
}
