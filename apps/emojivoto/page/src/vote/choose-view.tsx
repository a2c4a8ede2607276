import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { type Emoji, loadEmoji } from "../api/emoji.ts";
import { useWords } from "../i18n/language.tsx";
import { emojiName } from "../ui/emoji-name.ts";
import { LoadError } from "../ui/load-error.tsx";
import { useLoaded } from "../ui/use-loaded.ts";
import { ViewHeading } from "../ui/view-heading.tsx";
import { PollNotice } from "./poll-notice.tsx";
import { SearchField } from "./search-field.tsx";

/** The emoji as buttons. While a vote is on its way no other can be cast. */
export function ChooseView({
  isBusy,
  returned,
  isQuick,
  onQuick,
  onChoose,
}: {
  readonly isBusy: boolean;
  readonly returned: boolean;
  readonly isQuick: boolean;
  readonly onQuick: (quick: boolean) => void;
  readonly onChoose: (emoji: Emoji) => void;
}): JSX.Element {
  const { text } = useWords();
  const { state, retry } = useLoaded(loadEmoji);
  const [query, setQuery] = useState("");
  const found = useMemo(
    () => (state.kind === "ready" ? search(state.value, query) : []),
    [state, query],
  );
  return (
    <section class="card centred">
      <div class="headline" aria-hidden="true">
        🗳️
      </div>
      <ViewHeading takesFocus={returned}>{text("app.title")}</ViewHeading>
      <p class="lead">{text("vote.lead")}</p>
      <PollNotice />
      {state.kind === "failed" && (
        <LoadError what={text("vote.what.list")} error={state.error} onRetry={retry} />
      )}
      {state.kind === "ready" && (
        <SearchField query={query} found={found.length} onQuery={setQuery} />
      )}
      <p class="status" role="status">
        {isBusy && text("vote.casting")}
        {state.kind === "loading" && text("vote.loading")}
      </p>
      {state.kind === "ready" && (
        <ul class={isBusy ? "tiles busy" : "tiles"} aria-label={text("vote.list")}>
          {found.map((emoji) => (
            <li key={emoji.shortcode}>
              <Tile emoji={emoji} isBusy={isBusy} onChoose={onChoose} />
            </li>
          ))}
        </ul>
      )}
      {isQuick && (
        <p class="quiet">
          {text("ballot.skip.on")}{" "}
          <button type="button" class="link-button" onClick={() => onQuick(false)}>
            {text("ballot.skip.off")}
          </button>
        </p>
      )}
    </section>
  );
}

function Tile({
  emoji,
  isBusy,
  onChoose,
}: {
  readonly emoji: Emoji;
  readonly isBusy: boolean;
  readonly onChoose: (emoji: Emoji) => void;
}): JSX.Element {
  const { text } = useWords();
  const name = emojiName(emoji.shortcode);
  return (
    <button
      type="button"
      class="tile"
      aria-label={text("vote.for", { name })}
      title={name}
      aria-disabled={isBusy}
      onClick={() => onChoose(emoji)}
    >
      <span aria-hidden="true">{emoji.unicode}</span>
    </button>
  );
}

/** Emoji whose name has every word of the query, or that are the query. */
function search(list: readonly Emoji[], query: string): readonly Emoji[] {
  const words = query
    .toLowerCase()
    .replaceAll(":", " ")
    .split(/[\s_]+/)
    .filter(Boolean);
  return list.filter(({ shortcode, unicode }) => {
    const name = emojiName(shortcode).toLowerCase();
    return words.every((word) => name.includes(word) || unicode.includes(word));
  });
}
