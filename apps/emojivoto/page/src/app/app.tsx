import type { JSX } from "preact";
import { Badge } from "./badge.tsx";
import { Footer } from "./footer.tsx";
import { LeaderboardPage } from "./leaderboard-page.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { usePath } from "./use-path.ts";
import { VotePage } from "./vote-page.tsx";

/** The whole page: badge, one of the views, credits. */
export function App(): JSX.Element {
  const path = usePath();
  return (
    <>
      <header class="top">
        <Badge />
      </header>
      <main class="card">
        <View path={path} />
      </main>
      <Footer />
    </>
  );
}

function View({ path }: { readonly path: string }): JSX.Element {
  switch (path) {
    case "/":
      return <VotePage />;
    case "/leaderboard":
      return <LeaderboardPage />;
    default:
      return <NotFoundPage />;
  }
}
