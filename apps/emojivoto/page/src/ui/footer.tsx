import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";

/** Credits. The links leave only when followed; the page itself asks no other origin for anything. */
export function Footer(): JSX.Element {
  const { text } = useWords();
  const links: Readonly<Record<string, JSX.Element>> = {
    buoyant: (
      <a href="https://github.com/BuoyantIO/emojivoto" rel="noreferrer">
        {text("footer.buoyant")}
      </a>
    ),
    edgeless: (
      <a href="https://github.com/edgelesssys/emojivoto" rel="noreferrer">
        {text("footer.edgeless")}
      </a>
    ),
  };
  const parts = text("footer.credit").split(/\{(\w+)\}/);
  return (
    <footer>
      <p>{parts.map((part, index) => (index % 2 === 0 ? part : links[part]))}</p>
    </footer>
  );
}
