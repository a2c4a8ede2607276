const FIRST_CHOICES = 128;

/** Votes by choice, and how many ballots another one took back. */
export interface TallyBoard {
  readonly superseded: number;
  /** Counts a ballot; `superseded` is the choice it takes back, 0 for none. */
  count(choice: number, superseded: number): void;
  /** Puts it where it was. */
  restore(votes: Float64Array, superseded: number): void;
  /** A copy; the index is the choice, up to the highest that has votes. */
  votes(): Float64Array;
}

/** A board without votes. Counts stay exact up to 2^53. */
export function createTallyBoard(): TallyBoard {
  let votes = new Float64Array(FIRST_CHOICES);
  let superseded = 0;
  let highest = 0;
  const add = (choice: number, change: number): void => {
    if (choice >= votes.length) {
      const grown = new Float64Array(2 * choice);
      grown.set(votes);
      votes = grown;
    }
    votes[choice] = (votes[choice] ?? 0) + change;
    if (choice > highest) highest = choice;
  };
  return {
    get superseded() {
      return superseded;
    },
    count: (choice, replaced) => {
      add(choice, 1);
      if (replaced === 0) return;
      add(replaced, -1);
      superseded += 1;
    },
    restore: (kept, count) => {
      votes = kept.slice();
      highest = kept.length - 1;
      superseded = count;
    },
    votes: () => votes.slice(0, highest + 1),
  };
}
