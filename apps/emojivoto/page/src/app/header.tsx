import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import { LanguageSelect } from "../ui/language-select.tsx";
import { ThemeButton } from "../ui/theme-button.tsx";
import { ViewLink } from "../ui/view-link.tsx";
import { Badge } from "./badge.tsx";

const PAGES = [
  { path: "/", key: "nav.vote" },
  { path: "/leaderboard", key: "nav.board" },
  { path: "/verify", key: "nav.verify" },
] as const;

/** Name, pages, verdict, settings. */
export function Header({ path }: { readonly path: string }): JSX.Element {
  const { text } = useWords();
  return (
    <header class="top">
      <ViewLink to="/" class="brand">
        <span aria-hidden="true">🗳️</span> {text("app.title")}
      </ViewLink>
      <nav class="pages" aria-label={text("nav.label")}>
        {PAGES.map((page) => (
          <ViewLink key={page.path} to={page.path} class="page-link" isCurrent={path === page.path}>
            {text(page.key)}
          </ViewLink>
        ))}
      </nav>
      <div class="settings">
        <Badge />
        <LanguageSelect />
        <ThemeButton />
      </div>
    </header>
  );
}
