import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { LeaderboardPage } from "../board/leaderboard-page.tsx";
import { useWords, type Words } from "../i18n/language.tsx";
import { Footer } from "../ui/footer.tsx";
import { NotFoundPage } from "../ui/not-found-page.tsx";
import { useModule } from "../ui/use-module.ts";
import { usePath } from "../ui/use-path.ts";
import { VotePage } from "../vote/vote-page.tsx";
import { Header } from "./header.tsx";

/** The whole page: header, one of the views, credits. */
export function App(): JSX.Element {
  const path = usePath();
  const words = useWords();
  useEffect(() => {
    document.title = titleOf(path, words);
  }, [path, words]);
  return (
    <>
      <a class="skip-link" href="#content">
        {words.text("app.skip")}
      </a>
      <Header path={path} />
      <main id="content" tabIndex={-1}>
        <View path={path} />
      </main>
      <Footer />
    </>
  );
}

/** With the verifier behind it, which the ballot does not need for its first picture. */
const loadVerifyPage = async (): Promise<typeof import("../verify/verify-page.tsx")> =>
  await import("../verify/verify-page.tsx");

function LazyVerifyPage(): JSX.Element {
  const module = useModule(loadVerifyPage);
  return module === undefined ? <section class="card" aria-busy /> : <module.VerifyPage />;
}

function View({ path }: { readonly path: string }): JSX.Element {
  switch (path) {
    case "/":
      return <VotePage />;
    case "/leaderboard":
      return <LeaderboardPage />;
    case "/verify":
      return <LazyVerifyPage />;
    default:
      return <NotFoundPage />;
  }
}

function titleOf(path: string, { text }: Words): string {
  const title = text("app.title");
  if (path === "/leaderboard") return `${text("board.title")} · ${title}`;
  return path === "/verify" ? `${text("verify.title")} · ${title}` : title;
}
