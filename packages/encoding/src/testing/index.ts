export { type Codes, codesOf } from "./codes-of.ts";
