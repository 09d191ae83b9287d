import type { Random } from '../../contract/model.ts';

/** The terms a bag boosts, by place. The histogram of one of them is in hand at a time. */
export interface Steps {
  /** What the step last sought of each term gains: the fall of the quadratic loss by a whole Newton step. */
  readonly gains: Float64Array;
  /** Takes the histogram of a term in hand. */
  take(place: number): void;
  /** Seeks the step of the term in hand, or draws it from `cuts`, and notes its gain; false when there is none. */
  seek(place: number, cuts: Random | undefined): boolean;
  /** Takes the step sought, where there is one, and in the same pass the histogram of the term that follows. */
  move(place: number, isChanged: boolean, following: number): void;
}

export interface RoundSettings {
  readonly smoothing_rounds: number;
  readonly greedy_rounds: number;
}

/**
 * Whose turn it is. A round is as many steps as there are terms. In smoothing rounds every term steps in turn, by drawn
 * cuts. Afterwards each step goes to the term that gains most by what is known of its gain: all are looked at anew every
 * `greedy_rounds` rounds, in between only the one that stepped. With `greedy_rounds` 0 every term steps in turn throughout.
 */
export class Rounds {
  readonly #steps: Steps;
  readonly #settings: RoundSettings;
  readonly #random: Random;
  /** The term in hand. */
  #at = 0;

  constructor(steps: Steps, settings: RoundSettings, random: Random) {
    this.#steps = steps;
    this.#settings = settings;
    this.#random = random;
    steps.take(0);
  }

  /** Goes one round; `round` counts from 0. */
  go(round: number): void {
    const { smoothing_rounds, greedy_rounds } = this.#settings;
    const isSmoothing = round < smoothing_rounds;
    if (isSmoothing || greedy_rounds === 0) this.#goInTurn(isSmoothing ? this.#random : undefined);
    else {
      if ((round - smoothing_rounds) % greedy_rounds === 0) this.#look();
      this.#goByGain();
    }
  }

  #goInTurn(cuts: Random | undefined): void {
    const steps = this.#steps;
    const count = steps.gains.length;
    for (let place = 0; place < count; place++) {
      steps.move(place, steps.seek(place, cuts), place + 1 === count ? 0 : place + 1);
    }
  }

  #goByGain(): void {
    const steps = this.#steps;
    for (let k = 0; k < steps.gains.length; k++) {
      const place = this.#at;
      const isChanged = steps.seek(place, undefined);
      this.#at = mostOf(steps.gains);
      steps.move(place, isChanged, this.#at);
    }
  }

  #look(): void {
    const steps = this.#steps;
    for (let place = 0; place < steps.gains.length; place++) {
      steps.take(place);
      steps.seek(place, undefined);
    }
    this.#at = mostOf(steps.gains);
    steps.take(this.#at);
  }
}

/** Place of the largest; the first of equals. */
function mostOf(gains: Float64Array): number {
  let most = 0;
  for (let place = 1; place < gains.length; place++) {
    if ((gains[place] as number) > (gains[most] as number)) most = place;
  }
  return most;
}
