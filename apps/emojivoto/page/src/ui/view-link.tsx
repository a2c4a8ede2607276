import type { ComponentChildren, JSX } from "preact";
import { goTo } from "./use-path.ts";

/** A link to another view; a real link, so that it opens in a new tab, too. */
export function ViewLink({
  to,
  class: className = "pill",
  title,
  isCurrent = false,
  children,
}: {
  readonly to: string;
  readonly class?: string;
  readonly title?: string;
  readonly isCurrent?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a
      class={className}
      href={to}
      onClick={follow}
      {...(title === undefined ? {} : { title })}
      {...(isCurrent ? { "aria-current": "page" } : {})}
    >
      {children}
    </a>
  );
}
