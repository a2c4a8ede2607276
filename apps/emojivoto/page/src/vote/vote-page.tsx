import type { JSX } from "preact";
import { useCallback, useRef, useState } from "preact/hooks";
import { ApiError, castVote, type Emoji } from "./api.ts";
import { BallotView } from "./ballot-view.tsx";
import { HazardView } from "./hazard-view.tsx";
import { ThanksView } from "./thanks-view.tsx";

type Stage =
  | { readonly kind: "choosing"; readonly busyWith?: string; readonly returned?: boolean }
  | { readonly kind: "voted"; readonly emoji: Emoji }
  | { readonly kind: "failed"; readonly emoji: Emoji; readonly error: ApiError };

/** The view `/`: choose, then thanks or the hazard page. */
export function VotePage(): JSX.Element {
  const [stage, setStage] = useState<Stage>({ kind: "choosing" });

  // Beside the stage, which changes only with the next rendering: a double click votes once.
  const isCasting = useRef(false);

  const choose = async (emoji: Emoji): Promise<void> => {
    if (isCasting.current) return;
    isCasting.current = true;
    setStage({ kind: "choosing", busyWith: emoji.shortcode });
    scrollTo(0, 0);
    try {
      await castVote(emoji.shortcode);
      setStage({ kind: "voted", emoji });
    } catch (error) {
      setStage({ kind: "failed", emoji, error: asApiError(error) });
    } finally {
      isCasting.current = false;
    }
  };
  const again = useCallback(() => {
    setStage({ kind: "choosing", returned: true });
    scrollTo(0, 0);
  }, []);

  switch (stage.kind) {
    case "choosing":
      return (
        <BallotView
          busyWith={stage.busyWith}
          returned={stage.returned ?? false}
          onChoose={(emoji) => {
            void choose(emoji);
          }}
        />
      );
    case "voted":
      return <ThanksView emoji={stage.emoji} onAgain={again} />;
    case "failed":
      return <HazardView emoji={stage.emoji} error={stage.error} onAgain={again} />;
  }
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "the vote could not be sent");
}
