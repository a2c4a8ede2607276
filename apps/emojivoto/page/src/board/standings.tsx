import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { BoardRow } from "../api/board.ts";
import { useWords } from "../i18n/language.tsx";
import { emojiName } from "../ui/emoji-name.ts";

/** Rows that are shown until the reader asks for all. */
const FIRST_ROWS = 15;

/** The results as bars, in the order of the server: most votes first, equal votes in list order. */
export function Standings({
  rows,
  total,
}: {
  readonly rows: readonly BoardRow[];
  readonly total: number;
}): JSX.Element {
  const { text, number } = useWords();
  const [isWhole, setWhole] = useState(false);
  const most = rows[0]?.votes ?? 1;
  const shown = isWhole ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <>
      <ol class="standings" aria-label={text("board.list")}>
        {shown.map((row, index) => (
          <Row key={row.shortcode} row={row} place={index + 1} most={most} total={total} />
        ))}
      </ol>
      {rows.length > FIRST_ROWS && (
        <p class="centred">
          <button type="button" class="link-button" onClick={() => setWhole(!isWhole)}>
            {isWhole ? text("board.fewer") : text("board.all", { count: number(rows.length) })}
          </button>
        </p>
      )}
    </>
  );
}

function Row({
  row,
  place,
  most,
  total,
}: {
  readonly row: BoardRow;
  readonly place: number;
  readonly most: number;
  readonly total: number;
}): JSX.Element {
  const { count, number, language } = useWords();
  const name = emojiName(row.shortcode);
  const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  return (
    <li class={place <= 3 ? `place place-${place}` : "place"}>
      <span class="rank" aria-hidden="true">
        {place}
      </span>
      <span class="glyph" aria-hidden="true" title={name}>
        {row.unicode}
      </span>
      <span class="plot" aria-hidden="true">
        <span class="name">{name}</span>
        {/* Set by property and not as text: the policy of this page allows no inline style. */}
        <span class="bar" style={{ inlineSize: `${(100 * row.votes) / most}%` }} />
      </span>
      <span class="count" aria-hidden="true">
        {number(row.votes)}
      </span>
      <span class="share" aria-hidden="true">
        {share.format(row.votes / Math.max(total, 1))}
      </span>
      <span class="hidden-text">
        {name}: {count("board.votes", row.votes)}
      </span>
    </li>
  );
}
