import type { BacktestReport } from '../contract/backtest.ts';

/**
 * A backtest as GitHub workflow commands: an error for every gate that did not pass and every significant drop, a warning
 * for each warning of the report, a notice for every prediction without a verdict, and one that says how many gates hold.
 * Errors first: GitHub shows ten of each kind a step.
 */
export async function* renderAnnotations(report: BacktestReport): AsyncGenerator<string> {
  const { backtest, gates } = report.data;
  for (const { gate, status, sentence } of gates.outcomes) {
    if (status === 'passed') continue;
    yield command('error', status === 'failed' ? 'gate fell' : 'gate without a verdict', `${gate}: ${sentence}`);
  }
  for (const { prediction, basis, status, sentence } of gates.baseline ?? []) {
    if (status === 'dropped') yield command('error', 'below the baseline', `${prediction} (${basis}): ${sentence}`);
  }
  for (const { what, consequence, remedy } of report.warnings) {
    yield command('warning', 'backtest', [what, consequence, remedy].filter((part) => part !== '').join('; '));
  }
  for (const { prediction, basis, verdict, sentence } of backtest.verdicts) {
    if (verdict === 'signal') continue;
    yield command('notice', `${prediction} (${basis}): ${verdict.replaceAll('_', ' ')}`, sentence);
  }
  const held = gates.outcomes.filter(({ status }) => status === 'passed').length;
  if (gates.outcomes.length > 0) yield command('notice', 'gates', `${held} of ${gates.outcomes.length} gates hold`);
}

function command(kind: 'error' | 'warning' | 'notice', title: string, message: string): string {
  return `::${kind} title=${property(`retain: ${title}`)}::${data(message)}\n`;
}

/** Escapes of the message, as the toolkit of GitHub Actions has them (`escapeData` of its `command.ts`). */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** Escapes of a property (`escapeProperty`): those of the message, and what ends a property. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
