import type { AgentOutcome, CellRow } from '../contract/agent.ts';
import type { ReportList, RunReport } from '../contract/report.ts';

/** The rows of a list in chunks, at most `top` of them; the source is closed as soon as enough were read. */
export async function* rowsOf(list: ReportList, top = Number.POSITIVE_INFINITY): AsyncGenerator<readonly CellRow[]> {
  let left = top;
  for await (const rows of list.rows) {
    if (rows.length > 0) yield rows.length > left ? rows.slice(0, left) : rows;
    left -= rows.length;
    if (left <= 0) return;
  }
}

/** Outcomes of agents that no warning of the report tells already. */
export function untoldOutcomes(report: RunReport): readonly AgentOutcome[] {
  const isTold = (text: string): boolean => report.warnings.some(({ what }) => what.includes(text));
  return report.outcomes.filter((outcome) => {
    if (outcome.status === 'ok') return true;
    return !isTold(outcome.status === 'failed' ? outcome.error : outcome.reason);
  });
}
