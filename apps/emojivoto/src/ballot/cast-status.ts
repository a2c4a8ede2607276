/**
 * What became of one vote or ballot, one byte on the stream. A sealed ballot that could be opened is `done`:
 * its outcome is in the sealed answer.
 */
export const castStatus = {
  done: 0,
  /** The service does not count this choice: the demo's doughnut. */
  refused: 1,
  idReused: 3,
  noSuchChoice: 4,
  pollNotOpen: 5,
  pollClosed: 6,
  revoteNeedsPseudonym: 7,
  keyUnknown: 8,
  malformed: 9,
  ledgerUnavailable: 10,
  /** Said by web itself: nothing was sent, or its fate is unknown. */
  unavailable: 11,
  deadlineExceeded: 12,
  queueFull: 13,
} as const;

/** One of `castStatus`. */
export type CastStatus = (typeof castStatus)[keyof typeof castStatus];
