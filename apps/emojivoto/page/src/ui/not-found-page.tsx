import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { ViewHeading } from "./view-heading.tsx";
import { ViewLink } from "./view-link.tsx";

/** Shown for a path that is no view. */
export function NotFoundPage(): JSX.Element {
  const { text } = useWords();
  return (
    <section class="card centred failed">
      <ViewHeading>404</ViewHeading>
      <div class="headline" aria-hidden="true">
        🧭
      </div>
      <p class="lead">{text("notFound.text")}</p>
      <div class="actions">
        <ViewLink to="/">{text("notFound.back")}</ViewLink>
      </div>
    </section>
  );
}
