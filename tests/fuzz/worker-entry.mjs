// A worker thread loads its entry before any loader is there, so that this one is JavaScript.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
