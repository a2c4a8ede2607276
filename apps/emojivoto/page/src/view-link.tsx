import type { ComponentChildren, JSX } from "preact";
import { goTo } from "./use-path.ts";

/** A pill-shaped link to another view; a real link, so that it opens in a new tab, too. */
export function ViewLink({
  to,
  outlined = false,
  children,
}: {
  readonly to: string;
  readonly outlined?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a class={outlined ? "pill outlined" : "pill"} href={to} onClick={follow}>
      {children}
    </a>
  );
}
