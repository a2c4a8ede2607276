export {
  encodeSubmission,
  MAX_SUBMISSION_BYTES,
  parseSubmission,
  type Submission,
} from "./core/submission.ts";
export { serveWitness, type WitnessAddress, type WitnessServer } from "./serve-witness.ts";
export { openStateDirectory, type StateDirectory, type StateFiles } from "./state-files.ts";
export {
  type SubmitCheckpointOptions,
  submitCheckpoint,
  type WitnessCosignature,
} from "./submit-checkpoint.ts";
export {
  openWitness,
  type Witness,
  type WitnessAnswer,
  type WitnessEvent,
  type WitnessOptions,
} from "./witness.ts";
export { WitnessError, type WitnessErrorCode } from "./witness-error.ts";
export { createWitnessKey, loadWitnessKey, type WitnessKey } from "./witness-key.ts";
