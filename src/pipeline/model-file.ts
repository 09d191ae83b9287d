import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChurnModel } from '../contract/churn-model.ts';
import type { ExpansionModel } from '../contract/expansion-model.ts';
import { fileFaultOf, UserError } from '../lib/errors.ts';

/** Characters of a line that a structure may fill before it is broken up. */
const LINE = 110;

/**
 * JSON of a frozen model that a person can read and `diff`: what fits a line stands on one, a list of numbers always does,
 * everything else has a key or an item a line. Reading it back gives the same model.
 */
export function modelText(model: ChurnModel | ExpansionModel): string {
  return `${readable(model, '')}\n`;
}

function readable(value: unknown, indent: string): string {
  const whole = JSON.stringify(value);
  if (value === null || typeof value !== 'object') return whole ?? 'null';
  if (whole.length <= LINE - indent.length) return whole;
  const deeper = `${indent} `;
  if (Array.isArray(value)) {
    if (value.every((item) => item === null || typeof item !== 'object')) return whole;
    return `[\n${value.map((item) => `${deeper}${readable(item, deeper)}`).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{\n${entries.map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${readable(item, deeper)}`).join(',\n')}\n${indent}}`;
}

/** Where a model's frozen form and its card stand in the store. */
export function modelFiles(store: string, modelId: string): { readonly json: string; readonly card: string } {
  const folder = join(store, 'models');
  return { json: join(folder, `${modelId}.json`), card: join(folder, `${modelId}.md`) };
}

/**
 * Writes the frozen model into the store; a file appears only when it is complete.
 * @throws UserError where the store cannot be written
 */
export function writeModelFile(store: string, model: ChurnModel | ExpansionModel): void {
  const { json } = modelFiles(store, model.model_id);
  try {
    mkdirSync(join(store, 'models'), { recursive: true });
    writeFileSync(`${json}.part`, modelText(model));
    renameSync(`${json}.part`, json);
  } catch (error) {
    throw new UserError(`the model is in the ledger, but ${json} cannot be written: ${fileFaultOf(error)}`, {
      hint: 'Check that the store has room and may be written; its card: retain model show.',
      cause: error,
    });
  }
}
