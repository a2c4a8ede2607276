export { type BallotBox, createBallotBox } from "./ballot-box.ts";
