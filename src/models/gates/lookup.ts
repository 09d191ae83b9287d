import type { BacktestFigure, BacktestResult, BacktestVerdict, FigureRows } from '../../contract/backtest.ts';
import type { Warning } from '../../contract/report.ts';
import type { Gate } from './grammar.ts';

/** The figures a gate can be about. */
export interface GateScope {
  readonly basis: BacktestFigure['basis'];
  /** Of the gate's prediction and basis. */
  readonly figures: readonly BacktestFigure[];
}

/** The rows a gate rests on and the figure there; warnings where they were not the wanted ones. */
export interface ChosenRows {
  readonly rows: FigureRows;
  readonly figure: BacktestFigure | undefined;
  readonly warnings: readonly Warning[];
}

/**
 * Figures of the gate's prediction and basis. A basis that is not named is `all`, or the only one there is. A text says
 * why there is none.
 */
export function figuresOf(gate: Gate, result: BacktestResult): GateScope | string {
  const figures = result.figures.filter((figure) => figure.prediction === gate.prediction);
  if (figures.length === 0) {
    return `this backtest has no figures of ${gate.prediction}; it has ${namesOf(result.figures, 'prediction')}`;
  }
  const present = [...new Set(figures.map(({ basis }) => basis))];
  const [only] = present;
  const unnamed = present.includes('all') || present.length > 1 ? 'all' : (only ?? 'all');
  const basis = gate.basis ?? unnamed;
  const chosen = figures.filter((figure) => figure.basis === basis);
  if (chosen.length > 0) return { basis, figures: chosen };
  const written = present.map((name) => `${gate.prediction}.${name}`).join(', ');
  return `this backtest has no figures of ${gate.prediction} for the basis ${basis}; it has ${written}`;
}

/**
 * The rows asked for; else those nobody worked where they hold `minOutcomes` accounts with the outcome (saved accounts
 * would count as false alarms), else all, with a warning.
 */
export function chooseRows(
  gate: Gate,
  figures: readonly BacktestFigure[],
  asked: FigureRows | null,
  minOutcomes: number,
): ChosenRows {
  const of = (rows: FigureRows) =>
    figures.find(
      (figure) =>
        figure.rows === rows &&
        figure.candidate === gate.candidate &&
        figure.slice === gate.slice &&
        figure.metric === gate.measure.name,
    );
  if (asked !== null) return { rows: asked, figure: of(asked), warnings: [] };
  const [unworked, all] = [of('unworked'), of('all')];
  if (unworked !== undefined && (unworked.outcome_count >= minOutcomes || all === undefined)) {
    return { rows: 'unworked', figure: unworked, warnings: [] };
  }
  // Where nobody was worked both say the same, and there is nothing to warn of; money that came is not a false alarm either.
  const isSame = unworked?.row_count === all?.row_count || gate.measure.is_without_outcomes === true;
  if (all === undefined || isSame) return { rows: 'all', figure: all, warnings: [] };
  const why =
    unworked === undefined
      ? `${gate.prediction} is not measured on unworked ones`
      : `unworked ones hold ${unworked.outcome_count} accounts with the outcome, ${minOutcomes} are needed`;
  return {
    rows: 'all',
    figure: all,
    warnings: [
      {
        what: `gate ${gate.text} rests on all rows: ${why}`,
        consequence: 'accounts that were saved count as false alarms',
        remedy: `name the rows with ${gate.text.replace(/\s*[<>=≥≤].*$/, '')}@all, or --gate-rows`,
      },
    ],
  };
}

/** Why there is no figure for a gate: the first of candidate, rows, metric and slice that is not there, and what is. */
export function missingFigure(gate: Gate, figures: readonly BacktestFigure[], rows: FigureRows): string {
  const scope = gate.prediction;
  const ofCandidate = figures.filter(({ candidate }) => candidate === gate.candidate);
  if (ofCandidate.length === 0) {
    return `${scope} was not predicted by ${gate.candidate} here; candidates: ${namesOf(figures, 'candidate')}`;
  }
  const ofRows = ofCandidate.filter((figure) => figure.rows === rows);
  if (ofRows.length === 0) return `${scope} has no figures on ${rows} rows; it has ${namesOf(ofCandidate, 'rows')}`;
  const ofMetric = ofRows.filter(({ metric }) => metric === gate.measure.name);
  if (ofMetric.length === 0) {
    return `${scope} is not measured by ${gate.measure.title} here; metrics: ${namesOf(ofRows, 'metric')}`;
  }
  return `${scope} has no figure for ${gate.slice}; slices: ${slicesOf(ofMetric)}`;
}

/**
 * The verdict that lets no claim about a prediction stand, if there is one: that of its basis; where that basis has none
 * of its own, the first of the others unless one of them is a signal. A prediction without any verdict is judged by its
 * figures alone.
 */
export function silentVerdict(
  prediction: string,
  basis: BacktestFigure['basis'],
  result: BacktestResult,
): BacktestVerdict | undefined {
  const verdicts = result.verdicts.filter((verdict) => verdict.prediction === prediction);
  const own = verdicts.filter((verdict) => verdict.basis === basis);
  const ruling = own.length > 0 ? own : verdicts;
  return ruling.some(({ verdict }) => verdict === 'signal') ? undefined : ruling[0];
}

/** Slices by name; of the origins, which may be many, the first and the last. */
function slicesOf(figures: readonly BacktestFigure[]): string {
  const all = [...new Set(figures.map(({ slice }) => slice))];
  const origins = all.filter((slice) => slice.startsWith('origin:'));
  const [first, last] = [origins[0], origins.at(-1)];
  const told = first === undefined || last === undefined ? [] : [first === last ? first : `${first} … ${last}`];
  return [...all.filter((slice) => !origins.includes(slice)), ...told].join(', ') || 'none';
}

function namesOf(figures: readonly BacktestFigure[], key: 'prediction' | 'candidate' | 'rows' | 'metric'): string {
  return [...new Set(figures.map((figure) => figure[key]))].join(', ') || 'none';
}
