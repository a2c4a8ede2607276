import type { JSX } from "preact";
import { ViewHeading } from "./view-heading.tsx";
import { ViewLink } from "./view-link.tsx";

/** Shown for a path that is no view. */
export function NotFoundPage(): JSX.Element {
  return (
    <section class="failed">
      <ViewHeading>404</ViewHeading>
      <div class="headline" aria-hidden="true">
        🧭
      </div>
      <p class="lead">There is nothing at this address.</p>
      <div class="actions">
        <ViewLink to="/">To the ballot</ViewLink>
      </div>
    </section>
  );
}
