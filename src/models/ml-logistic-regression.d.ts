/** The package ships no types; these are the parts used here. */
declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  interface TwoClasses {
    /** Probability of class 1 for each row. */
    testScores(features: Matrix): number[];
  }

  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number });
    /** `[0]` tells class 0 from the rest. */
    readonly classifiers: readonly TwoClasses[];
    train(features: Matrix, labels: Matrix): void;
  }
}
