import type { JSX } from "preact";
import type { Emoji } from "../api/emoji.ts";
import { useWords } from "../i18n/language.tsx";
import { CodeText } from "../ui/code-text.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { emojiName } from "../ui/emoji-name.ts";
import { saveFile } from "../ui/save-file.ts";
import { ViewHeading } from "../ui/view-heading.tsx";

/** The opening of a ballot that its voter audits (Benaloh challenge). The ballot itself is gone. */
export function AuditView({
  emoji,
  code,
  opening,
  onAgain,
}: {
  readonly emoji: Emoji;
  /** The ballot code that was shown. */
  readonly code: string;
  /** Text of the file. */
  readonly opening: string;
  readonly onAgain: () => void;
}): JSX.Element {
  const { text } = useWords();
  return (
    <section class="card audit">
      <ViewHeading takesFocus>{text("audit.title")}</ViewHeading>
      <p class="lead">{text("audit.lead")}</p>
      <div class="well code-box">
        <p class="opened">
          <span class="glyph" role="img" aria-label={emojiName(emoji.shortcode)}>
            {emoji.unicode}
          </span>
        </p>
        <h2>{text("audit.shown")}</h2>
        <CodeText hex={code} />
      </div>
      <h2>{text("audit.opening")}</h2>
      {/* A scrollable region must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <pre tabIndex={0}>
        <code>{pretty(opening)}</code>
      </pre>
      <div class="row">
        <button type="button" class="pill small" onClick={() => saveFile("opening.json", opening)}>
          {text("audit.save")}
        </button>
        <CopyButton value={opening} />
      </div>
      <p>{text("audit.how")}</p>
      <pre>
        <code>carrara ballot opening opening.json</code>
      </pre>
      <p class="quiet">{text("audit.discarded")}</p>
      <div class="actions">
        <button type="button" class="pill outlined" onClick={onAgain}>
          {text("audit.again")}
        </button>
      </div>
    </section>
  );
}

function pretty(json: string): string {
  return JSON.stringify(JSON.parse(json), null, 2);
}
