import type { BacktestReport, BacktestVerdict, BaselineLine, GateOutcome } from '../contract/backtest.ts';
import { xmlText } from './xml.ts';

/** One test case: passed without a problem. */
interface Case {
  readonly classname: string;
  readonly name: string;
  readonly problem?: { readonly element: 'failure' | 'skipped'; readonly type?: string; readonly message: string };
}

/**
 * A backtest as JUnit XML (the form GitHub actions, GitLab and Jenkins read): a suite of gates, one of figures against the
 * baseline, and one of verdicts. A gate that fell or could not be judged and a significant drop are failures; a prediction
 * without a verdict, or a figure that cannot be tested, is skipped, with the sentence that says why. No times: the same
 * result gives the same bytes.
 */
export async function* renderJunit(report: BacktestReport): AsyncGenerator<string> {
  const { backtest, gates } = report.data;
  const suites: readonly (readonly [string, readonly Case[]])[] = [
    ['gates', gates.outcomes.map(gateCase)],
    ...(gates.baseline === null ? [] : [['baseline', gates.baseline.map(baselineCase)] as const]),
    ['verdicts', backtest.verdicts.map(verdictCase)],
  ];
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuites name="retain backtest" ${counts(suites.flatMap(([, cases]) => cases))}>\n`;
  for (const [name, cases] of suites) {
    yield `  <testsuite name="${name}" ${counts(cases)}>\n`;
    yield '    <properties>\n';
    for (const [key, value] of [
      ['version', backtest.version],
      ['as_of', backtest.as_of],
      ['origins', backtest.origins.join(' ')],
      ['config_hash', backtest.config_hash],
    ] as const) {
      yield `      <property name="${key}" value="${xmlText(value)}"/>\n`;
    }
    yield '    </properties>\n';
    for (const item of cases) yield caseXml(item);
    yield '  </testsuite>\n';
  }
  yield '</testsuites>\n';
}

function counts(cases: readonly Case[]): string {
  const of = (element: 'failure' | 'skipped') => cases.filter(({ problem }) => problem?.element === element).length;
  return `tests="${cases.length}" failures="${of('failure')}" errors="0" skipped="${of('skipped')}"`;
}

function caseXml({ classname, name, problem }: Case): string {
  const open = `    <testcase classname="${xmlText(classname)}" name="${xmlText(name)}"`;
  if (problem === undefined) return `${open}/>\n`;
  const type = problem.type === undefined ? '' : ` type="${xmlText(problem.type)}"`;
  const text = problem.element === 'failure' ? `>${xmlText(problem.message)}</failure>` : '/>';
  return `${open}>\n      <${problem.element} message="${xmlText(problem.message)}"${type}${text}\n    </testcase>\n`;
}

function gateCase({ gate, status, sentence }: GateOutcome): Case {
  const named = { classname: 'retain.gates', name: gate };
  return status === 'passed' ? named : { ...named, problem: { element: 'failure', type: status, message: sentence } };
}

function baselineCase(line: BaselineLine): Case {
  const named = {
    classname: 'retain.baseline',
    name: `${line.prediction}.${line.basis} ${line.metric} (${line.rows})`,
  };
  if (line.status === 'held') return named;
  if (line.status === 'untested') return { ...named, problem: { element: 'skipped', message: line.sentence } };
  return { ...named, problem: { element: 'failure', type: 'dropped', message: line.sentence } };
}

function verdictCase({ prediction, basis, verdict, sentence }: BacktestVerdict): Case {
  const named = { classname: 'retain.verdicts', name: `${prediction}.${basis}` };
  if (verdict === 'signal') return named;
  return { ...named, problem: { element: 'skipped', message: sentence } };
}
