export {
  type BaselineComparison,
  type BaselineLine,
  COMPARED_METRICS,
  checkComparable,
  compareWithBaseline,
  DROP_LEVEL,
} from './baseline.ts';
export { type FigureDifference, figureDifference } from './difference.ts';
export { GATE_FORM, type Gate, parseGate } from './grammar.ts';
export { type GateSettings, type JudgedGate, judgeGate } from './judgement.ts';
export { type GateMeasure, type GateVocabulary, METRIC_ALIASES } from './vocabulary.ts';
