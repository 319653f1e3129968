import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

const made = new Map<string, ValidateFunction>();

/** What an integrator would make of `docs/contract/schemas/<name>.schema.json`, with every check of schemas that there is. */
export function strictValidator(name: string): ValidateFunction {
  const known = made.get(name);
  if (known !== undefined) return known;
  const file = new URL(`../../docs/contract/schemas/${name}.schema.json`, import.meta.url);
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
  formats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  made.set(name, validate);
  return validate;
}
