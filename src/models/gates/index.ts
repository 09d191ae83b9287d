export {
  type BaselineComparison,
  COMPARED_METRICS,
  checkComparable,
  compareWithBaseline,
  DROP_LEVEL,
} from './baseline.ts';
export { accountSketch, checkSameCompany } from './company.ts';
export { type FigureDifference, figureDifference } from './difference.ts';
export { GATE_FORM, type Gate, parseGate } from './grammar.ts';
export { type GateSettings, type JudgedGate, judgeGate } from './judgement.ts';
export { type GateVocabulary, METRIC_ALIASES, type OwnMeasure } from './vocabulary.ts';
