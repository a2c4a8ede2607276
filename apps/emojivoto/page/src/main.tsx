import { render } from "preact";
import { App } from "./app.tsx";

const container = document.getElementById("main");
if (container !== null) render(<App />, container);
