import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BacktestReport, type BaselineLine, GATES_SCHEMA, type GateOutcome } from '../../src/contract/backtest.ts';
import { CI_RENDERERS } from '../../src/reports/index.ts';
import { xmlText } from '../../src/reports/xml.ts';
import { backtestResult, verdict } from '../helpers/backtest.ts';
import { parseXml } from '../helpers/xml.ts';

const PASSED: GateOutcome = {
  gate: 'auc>=0.75',
  status: 'passed',
  rows: 'unworked',
  wanted: 0.75,
  found: 0.8,
  margin: 0.05,
  sentence: 'ROC-AUC is 0.8, at least 0.75',
};
const FALLEN: GateOutcome = { ...PASSED, gate: 'auc.low>=0.78', status: 'failed', sentence: 'short, by 3 % & "more"' };
const UNJUDGED: GateOutcome = { ...PASSED, gate: 'auc[segment:a<b]>=.6', status: 'no_verdict', sentence: 'no figure' };

function report(outcomes: readonly GateOutcome[], over: Partial<BacktestReport['data']> = {}): BacktestReport {
  return {
    header: {
      ...{ title: 'retain backtest', run_id: null, version: '0.1.0', as_of: '2026-06-30', as_of_reason: 'asked for' },
      ...{ seed: 1, config_hash: 'abc', currency: null, notes: [] },
    },
    lists: [],
    outcomes: [],
    warnings: [{ what: 'rows, all', consequence: '', remedy: 'name: them' }],
    next: [],
    summary: '',
    data: {
      backtest: backtestResult({
        verdicts: [
          verdict(),
          verdict({ prediction: 'health', basis: 'leave', verdict: 'no_signal', sentence: '100 % noise\nor: less' }),
        ],
      }),
      gates: { schema_version: GATES_SCHEMA, outcomes, baseline: null },
      ...over,
    },
  };
}

/** What of a text XML 1.0 can hold, by code point rather than by the pattern under test. */
function legal(words: string): string {
  return Array.from(words, (sign) => {
    const code = sign.codePointAt(0) ?? 0;
    const isControl = code < 0x20 && ![0x9, 0xa, 0xd].includes(code);
    return isControl || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff ? '\ufffd' : sign;
  }).join('');
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

const DROPPED: BaselineLine = {
  ...{ prediction: 'churn', basis: 'all', rows: 'all', metric: 'roc_auc', before: 0.8, now: 0.7, change: -0.1 },
  ...{ standard_error: 0.02, method: 'paired', p_value: 0.001, status: 'dropped', sentence: 'was .8 and is .7' },
};

describe('JUnit', () => {
  it('has a case for each gate, compared figure and verdict, and counts them', async () => {
    const gates = {
      schema_version: GATES_SCHEMA,
      outcomes: [PASSED, FALLEN, UNJUDGED],
      baseline: [DROPPED, { ...DROPPED, metric: 'brier_skill', status: 'untested' as const }],
    };
    const root = parseXml(await textOf(CI_RENDERERS.junit(report([], { gates }))));
    expect(root).toMatchObject({
      name: 'testsuites',
      attributes: { name: 'retain backtest', tests: '7', failures: '3', errors: '0', skipped: '2' },
    });
    const told = root.children.map(({ name, attributes, children }) => ({
      suite: `${name} ${attributes['name']} ${attributes['tests']}/${attributes['failures']}/${attributes['skipped']}`,
      cases: children
        .filter((child) => child.name === 'testcase')
        .map((item) => [
          `${item.attributes['classname']} ${item.attributes['name']}`,
          ...item.children.map(({ name, attributes: of }) => `${name} ${of['type'] ?? '-'} ${of['message']}`),
        ]),
    }));
    expect(told).toEqual([
      {
        suite: 'testsuite gates 3/2/0',
        cases: [
          ['retain.gates auc>=0.75'],
          ['retain.gates auc.low>=0.78', 'failure failed short, by 3 % & "more"'],
          ['retain.gates auc[segment:a<b]>=.6', 'failure no_verdict no figure'],
        ],
      },
      {
        suite: 'testsuite baseline 2/1/1',
        cases: [
          ['retain.baseline churn.all roc_auc (all)', 'failure dropped was .8 and is .7'],
          ['retain.baseline churn.all brier_skill (all)', 'skipped - was .8 and is .7'],
        ],
      },
      {
        suite: 'testsuite verdicts 2/0/1',
        cases: [['retain.verdicts churn.all'], ['retain.verdicts health.leave', 'skipped - 100 % noise\nor: less']],
      },
    ]);
  });

  it('stays well-formed whatever a gate or a sentence holds, and gives it back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (gate, sentence) => {
        const text = await textOf(CI_RENDERERS.junit(report([{ ...FALLEN, gate, sentence }])));
        const found = parseXml(text).children[0]?.children.find(({ name }) => name === 'testcase');
        expect(found?.attributes['name']).toBe(legal(gate));
        expect(found?.children[0]?.attributes['message']).toBe(legal(sentence));
        expect(found?.children[0]?.text).toBe(legal(sentence));
      }),
      { numRuns: 300 },
    );
  });

  it('escapes by hand: entities, line ends, what XML cannot hold', () => {
    expect(xmlText('a<b>&"\'\n\t\u0007\ud800x')).toBe('a&lt;b&gt;&amp;&quot;&apos;&#10;&#9;\ufffd\ufffdx');
    expect(xmlText('😀 ü')).toBe('😀 ü');
  });

  it('the checker would notice', () => {
    const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
    for (const text of [
      '<a>',
      '<a></b>',
      '<a b="1" b="2"/>',
      '<a>&</a>',
      '<a b="<"/>',
      '<a/><a/>',
      '<a b=1/>',
      '\u0001<a/>',
    ])
      expect(() => parseXml(head + text), text).toThrow(/not well-formed/);
    expect(() => parseXml('<a/>')).toThrow();
  });
});

describe('annotations', () => {
  it('are workflow commands, errors first, escaped as GitHub documents', async () => {
    const gates = { schema_version: GATES_SCHEMA, outcomes: [PASSED, FALLEN, UNJUDGED], baseline: [DROPPED] };
    expect(await textOf(CI_RENDERERS.annotations(report([], { gates })))).toBe(
      [
        '::error title=retain%3A gate fell::auc.low>=0.78: short, by 3 %25 & "more"',
        '::error title=retain%3A gate without a verdict::auc[segment:a<b]>=.6: no figure',
        '::error title=retain%3A below the baseline::churn (all): was .8 and is .7',
        '::warning title=retain%3A backtest::rows, all; name: them',
        '::notice title=retain%3A health (leave)%3A no signal::100 %25 noise%0Aor: less',
        '::notice title=retain%3A gates::1 of 3 gates hold',
        '',
      ].join('\n'),
    );
  });

  it('are one line each, whatever stands in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (sentence) => {
        const text = await textOf(CI_RENDERERS.annotations(report([{ ...FALLEN, sentence }])));
        const [line = ''] = text.split(/\r\n|\r|\n/);
        const message = line.slice('::error title=retain%3A gate fell::auc.low>=0.78: '.length);
        expect(message.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%25', '%')).toBe(sentence);
        expect(text.split('\n')).toHaveLength(5);
      }),
    );
  });
});
