import { describe, expect, it } from 'vitest';
import { withPlaces } from '../../src/commands/session.ts';
import { commandOf } from '../../src/pipeline/compare.ts';

describe('a command that is suggested', () => {
  const given = { config: 'a/retain.yaml', data: 'my exports' };

  it('looks where this one was told to look', () => {
    expect(withPlaces('retain signals', given)).toBe("retain signals --config a/retain.yaml --data 'my exports'");
    expect(withPlaces('retain signals', { store: "o'clock" })).toBe("retain signals --store 'o'\\''clock'");
    expect(withPlaces('retain signals', {})).toBe('retain signals');
  });

  it('compares the same two over the same past', () => {
    expect(commandOf({ first: 'a.yaml', second: 'my b.yaml' })).toBe("retain compare a.yaml 'my b.yaml'");
    const past = { asOf: '2024-12-29', from: '2024-03-01', origins: 3, horizon: 60 } as const;
    expect(commandOf({ first: 'a.yaml', second: 'b.yaml', ...past })).toBe(
      'retain compare a.yaml b.yaml --as-of 2024-12-29 --from 2024-03-01 --origins 3 --horizon 60',
    );
  });

  it('says no place twice, names no configuration beside the two of a comparison, and is left alone where it is no verb', () => {
    expect(withPlaces('retain check --config b.yaml', { config: given.config })).toBe('retain check --config b.yaml');
    expect(withPlaces('retain compare a.yaml b.yaml', given)).toBe("retain compare a.yaml b.yaml --data 'my exports'");
    expect(withPlaces('less .retain/rejects', given)).toBe('less .retain/rejects');
  });
});
