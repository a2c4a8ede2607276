import type { JSX } from "preact";

/** Credits. The links leave only when followed; the page itself asks no other origin for anything. */
export function Footer(): JSX.Element {
  return (
    <footer>
      <p>
        A confidential ballot on Carrara, after{" "}
        <a href="https://github.com/BuoyantIO/emojivoto" rel="noreferrer">
          emojivoto by Buoyant
        </a>{" "}
        and its{" "}
        <a href="https://github.com/edgelesssys/emojivoto" rel="noreferrer">
          confidential fork by Edgeless Systems
        </a>{" "}
        (Apache-2.0).
      </p>
    </footer>
  );
}
