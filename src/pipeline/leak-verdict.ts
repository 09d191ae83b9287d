import type { LeakRecord } from '../contract/churn-model.ts';
import type { Config } from '../contract/config.ts';
import type { LeakFinding } from '../data/leak-finding.ts';
import { UserError } from '../lib/errors.ts';

/** What is done about each finding of the leak audit, and which features of the panel stay out of the model, with the reason. */
export interface LeakVerdict {
  readonly leaks: readonly LeakRecord[];
  readonly leftOut: ReadonlyMap<string, string>;
}

/**
 * A feature that knows the outcome stays out of the model unless `model.allow_leak` names it.
 * @throws UserError with `refuse`, when a column that the configuration admitted is among them
 */
export function judgeLeaks(
  findings: readonly LeakFinding[],
  config: Config,
  onLeak: 'refuse' | 'leave_out',
): LeakVerdict {
  const allowed = new Set(config.model.allow_leak);
  const isAllowed = ({ name }: LeakFinding) => allowed.has(name);
  const refused = findings.filter((finding) => finding.level === 'admitted' && !isAllowed(finding));
  if (onLeak === 'refuse' && refused.length > 0) throw refusal(refused);
  const leftOut = new Map<string, string>();
  const leaks = findings.map((finding): LeakRecord => {
    const { name, feature, message, level, is_masked } = finding;
    if (feature !== null && !isAllowed(finding)) leftOut.set(feature, message);
    return {
      name,
      message,
      treatment: level === 'column' ? (is_masked ? 'hidden' : 'warned') : isAllowed(finding) ? 'allowed' : 'left_out',
      is_admitted: level === 'admitted',
    };
  });
  return { leaks, leftOut };
}

function refusal(refused: readonly LeakFinding[]): UserError {
  const names = [...new Set(refused.map(({ name }) => name))];
  const reasons = names.map((name) =>
    refused
      .filter((finding) => finding.name === name)
      .map(({ message }, i) => (i === 0 ? message : message.replace(`${name} `, '')))
      .join('; '),
  );
  const flags = names.map((name) => `--allow-leak ${name}`).join(' ');
  return new UserError(`no model is trained on what knows the outcome: ${reasons.join('; ')}`, {
    hint: `Take ${names.join(' and ')} out of model.features, or let ${names.length === 1 ? 'it' : 'them'} pass with ${flags}.`,
  });
}
