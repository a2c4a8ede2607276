import { useEffect, useState } from "preact/hooks";

/** The path of the page, kept current while the reader walks between views. */
export function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const update = (): void => {
      setPath(location.pathname);
    };
    addEventListener("popstate", update);
    return () => {
      removeEventListener("popstate", update);
    };
  }, []);
  return path;
}

/** Goes to another view without loading the page again. */
export function goTo(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
  scrollTo(0, 0);
}
