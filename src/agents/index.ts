import type { Agent } from '../contract/agent.ts';
import { churn } from './churn.ts';
import { health } from './health.ts';
import { renewal } from './renewal.ts';

/** Every agent, in no order: reads and writes give the order of a run. A ninth agent is one line here. */
export const AGENTS: readonly Agent[] = [health, churn, renewal];
