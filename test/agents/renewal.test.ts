import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { TemporaryCompany } from '../helpers/night.ts';

let company: TemporaryCompany | undefined;
afterEach(() => company?.remove());

describe('the renewal list', () => {
  it('says in words that an account is recorded as left and still in use', async () => {
    company = new TemporaryCompany();
    // Maple's term ended on 20 December and it is still used; a churn event says that it left on the 21st.
    writeFileSync(join(company.folder, 'churn.csv'), 'account,left\na13,2024-12-21\n');
    company.edit('retain.yaml', 'definition: contract_chain', 'definition: churn_event');
    appendFileSync(
      join(company.folder, 'retain.yaml'),
      '  churn_event:\n    file: churn.csv\n    columns: { account_id: account, churn_date: left }\n',
    );
    const report = JSON.parse(await company.run('2024-12-29'));
    const list = report.lists.find((item: { name: string }) => item.name === 'renewal_timeline');
    expect(list.rows[0]).toMatchObject({
      account_id: 'a13',
      stage: 'overdue',
      decision_kind: 'recorded as left on 2024-12-21, yet still in use',
      task: 'recorded as left, yet in use: switch off or correct the record',
      owner: 'team lead',
    });
    expect(list.notes.join('\n')).toContain('1 is recorded as left and still in use');
  }, 120_000);
});
