import type { HealthAgentSettings } from '../agents/health.ts';
import type { Agent } from '../contract/agent.ts';
import type { Config } from '../contract/config.ts';
import { customFeatures } from '../data/custom-features.ts';
import type { MoneyStyle } from '../lib/money.ts';

/** What an agent is handed of the configuration, and what was settled before it: frozen peers, how money is written. */
export function agentSettings(
  agent: Agent,
  config: Config,
  given: { readonly health: Omit<HealthAgentSettings, 'health'>; readonly money: MoneyStyle },
): unknown {
  if (agent.id === 'health') return { health: config.health, ...given.health };
  if (agent.id === 'churn') {
    const nominal_features = customFeatures(config).flatMap(({ kind, column }) => (kind === 'nominal' ? [column] : []));
    return { ...(agent.defaults as object), lead_days: config.renewal.lead_days, nominal_features };
  }
  return agent.id === 'renewal' ? { ...config.renewal, money: given.money } : agent.defaults;
}
