// Everything that needs the verifier or cryptography, in one chunk that loads behind the first view.
export { castBallot } from "../ballot/cast-ballot.ts";
export { openingOf, prepareBallot } from "../ballot/prepare-ballot.ts";
export { checkBoard } from "../board/check-board.ts";
export { checkVoterReceipt } from "../receipts/check-voter-receipt.ts";
export { describeReceipt } from "../receipts/describe-receipt.ts";
export { compareWithPin, parsePin, pinOf } from "./manifest-pin.ts";
export { verifyEvidence } from "./verify-evidence.ts";
