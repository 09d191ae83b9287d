import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/data/config.ts';
import { prepareGates } from '../../src/pipeline/gate.ts';
import { retain } from '../helpers/cli.ts';
import { codeBlocks } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/source.ts';

const DOC = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');
const CONFIG = ['--config', 'fixtures/tiny/retain.yaml'];

describe('retain backtest refuses before any work, with exit code 2 and nothing on stdout', () => {
  it.each([
    [['--gate', 'aux>=0.7'], "--gate 'aux>=0.7', character 1: aux is not a metric; did you mean auc?"],
    [['--gate', 'auc>=0.7', 'auc<=0.9'], "--gate 'auc<=0.9', character 4: the higher the ROC-AUC, the better"],
    [['--baseline', 'package.json'], '--baseline package.json is no report of retain, not a stored backtest'],
    [['--junit', 'no/such/gate.xml'], '--junit no/such/gate.xml: there is no directory no/such'],
    [['--save', 'out.json', '--junit', './out.json'], '--save and --junit both write ./out.json'],
    [['--csm', 'Ann'], '--csm chooses nothing here: the past is replayed and measured for all accounts'],
    [['--segment', 'smb'], '--segment chooses nothing here: the past is replayed and measured for all accounts'],
    [['--annotations', 'gitlab'], 'Allowed choices are auto, github, none'],
  ])('%j', (flags, sentence) => {
    const { code, stdout, stderr } = retain(['backtest', ...CONFIG, ...flags]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('reading the exports');
  });
});

describe('docs/ci.md', () => {
  it('has gates that can be read', () => {
    const written = [...DOC.matchAll(/--gate ((?:'[^']+' ?)+)/g)].flatMap(([, gates = '']) =>
      [...gates.matchAll(/'([^']+)'/g)].map(([, gate = '']) => gate),
    );
    const [fromConfig] = codeBlocks(DOC, 'yaml').filter((block) => block.startsWith('gates:'));
    const config = parseConfig(fromConfig ?? '', join(ROOT, 'retain.yaml'));
    expect(config.gates).toHaveLength(3);
    expect(written.length).toBeGreaterThan(8);
    expect(() => prepareGates(config, {})).not.toThrow();
    const asked = { gate: ['recall_at_lead_45>=0.3'] };
    expect(() => prepareGates(config, asked, [30, 45])).not.toThrow();
    expect(() => prepareGates(config, asked)).toThrow('recall_at_lead_45 is not a metric');
    for (const gate of written) expect(() => prepareGates(config, { gate: [gate] }), gate).not.toThrow();
  });

  it('has workflows that are YAML, call flags that exist, and keep what they write', () => {
    const help = retain(['backtest', '--help']).stdout;
    const flags = new Set([...help.matchAll(/--[a-z-]+/g)].map(([flag]) => flag));
    const workflows = codeBlocks(DOC, 'yaml').filter((block) => block.includes('retain backtest'));
    expect(workflows).toHaveLength(2);
    for (const workflow of workflows) {
      expect(() => parse(workflow)).not.toThrow();
      const call = /retain backtest[\s\S]*?--junit \S+[^\n]*/.exec(workflow)?.[0] ?? '';
      const used = [...call.matchAll(/--[a-z-]+/g)].map(([flag]) => flag);
      expect(used.length).toBeGreaterThan(5);
      expect(used.filter((flag) => !flags.has(flag))).toEqual([]);
      for (const [, file = ''] of call.matchAll(/--(?:save|junit) (\S+)/g))
        expect(workflow.split(file).length).toBeGreaterThan(2);
    }
    const named = [...DOC.matchAll(/`(--[a-z-]+)/g)].map(([, flag = '']) => flag);
    expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
  });

  it('has the keys of the stored form', () => {
    const types = readFileSync(join(ROOT, 'src/contract/backtest.ts'), 'utf8');
    for (const name of ['BacktestResult', 'BacktestVerdict', 'BacktestFigure', 'GateOutcome', 'BaselineLine']) {
      const [, body = ''] = new RegExp(`interface ${name} \\{([\\s\\S]*?)\\n\\}`).exec(types) ?? [];
      const keys = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, key = '']) => key);
      expect(keys.length).toBeGreaterThan(4);
      expect(
        keys.filter((key) => !DOC.includes(`\`${key}\``) && !DOC.includes(`.${key}`)),
        name,
      ).toEqual([]);
    }
  });
});
