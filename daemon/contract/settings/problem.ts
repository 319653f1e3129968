import type { z } from 'zod';
import { type ConfigProblem, mostProblems } from './config-problem.js';
import { allSettings, type SchemaNode, schemaAt } from './json-schema.js';
import { nearestWord } from './nearest-word.js';

/** A problem before its position in the file is known. */
interface ProblemAtPath {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy?: string;
}

type Issue = z.core.$ZodIssue;

const keysOf = (path: readonly PropertyKey[]): (string | number)[] =>
  path.map((step) => (typeof step === 'number' ? step : String(step)));

function unknownKey(parent: readonly (string | number)[], key: string): ProblemAtPath {
  const known = Object.keys(schemaAt(parent)?.properties ?? {});
  const near = nearestWord(key, known);
  const elsewhere = allSettings().find((setting) => setting.path.at(-1) === key);
  const home = elsewhere?.path.slice(0, -1).filter((step) => step !== '[]');
  const remedy =
    near !== undefined
      ? `Did you mean "${near}"?`
      : home !== undefined && home.length > 0
        ? `It belongs under "${home.join('.')}".`
        : `Known keys here: ${known.join(', ')}.`;
  return { path: [...parent, key], message: 'is not a known key', remedy };
}

/** What a value must be, in words: `a whole number from 1 to 16`, `one of "in", "out", "both"`. */
function describeType(node: SchemaNode | undefined): string {
  if (node === undefined) return 'something else';
  if (node.title !== undefined) return node.title;
  if (node.enum !== undefined) return `one of ${node.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf !== undefined) return node.anyOf.map(describeType).join(' or ');
  switch (node.type) {
    case 'integer':
      return `a whole number${describeRange(node)}`;
    case 'number':
      return `a number${describeRange(node)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return `a section with the keys ${Object.keys(node.properties ?? {}).join(', ')}`;
    default:
      return 'a text';
  }
}

function describeRange(node: SchemaNode): string {
  if (node.minimum !== undefined && node.maximum !== undefined) {
    return ` from ${node.minimum} to ${node.maximum}`;
  }
  const above = node.exclusiveMinimum ?? node.minimum;
  const below = node.exclusiveMaximum ?? node.maximum;
  const lower = node.exclusiveMinimum === undefined ? 'from' : 'above';
  return [above === undefined ? '' : ` ${lower} ${above}`, below === undefined ? '' : ` below ${below}`].join(
    '',
  );
}

function describeText(node: SchemaNode | undefined): string {
  if (node?.minLength !== undefined && node.maxLength !== undefined) {
    return `a text of ${node.minLength} to ${node.maxLength} characters`;
  }
  return node?.minLength === undefined ? 'a shorter text' : 'a text that is not empty';
}

function describeLength(node: SchemaNode | undefined): string {
  const { minItems, maxItems } = node ?? {};
  if (minItems === undefined) return maxItems === undefined ? 'fewer items' : `at most ${maxItems} items`;
  return maxItems === undefined ? `at least ${minItems} items` : `${minItems} to ${maxItems} items`;
}

/** Words a zod issue for the author of the file. `valueAt` reads the parsed file. */
export function explainIssue(
  issue: Issue,
  valueAt: (path: readonly (string | number)[]) => unknown,
): readonly ProblemAtPath[] {
  const path = keysOf(issue.path);
  const node = schemaAt(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, mostProblems).map((key) => unknownKey(path, key));
    case 'invalid_type':
    case 'invalid_value':
    case 'invalid_union': {
      const value = valueAt(path);
      if (value === undefined) {
        return [{ path, message: 'is missing', remedy: `Add "${path.at(-1)}": ${describeType(node)}.` }];
      }
      if (value === null) {
        return [
          { path, message: 'has no value', remedy: `Enter ${describeType(node)}, or remove the line.` },
        ];
      }
      return [{ path, message: `must be ${describeType(node)}` }];
    }
    case 'too_big':
    case 'too_small': {
      if (issue.origin === 'array') return [{ path, message: `must have ${describeLength(node)}` }];
      return [
        { path, message: `must be ${issue.origin === 'string' ? describeText(node) : describeType(node)}` },
      ];
    }
    case 'custom': {
      const remedy: unknown = issue.params?.['remedy'];
      return [{ path, message: issue.message, ...(typeof remedy === 'string' ? { remedy } : {}) }];
    }
    default:
      return [{ path, message: issue.message }];
  }
}

/** The value at `path` of parsed YAML; undefined where there is none. */
export function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    raw,
  );
}

/** One line with place, problem and remedy: `rollcall.yaml:4:5: cameras.0.url must begin with rtsp://. Write …`. */
export function formatProblem(file: string, problem: ConfigProblem): string {
  const name = problem.file ?? file;
  const place = problem.line === 0 ? name : `${name}:${problem.line}:${problem.column}`;
  const subject = problem.path === '' ? '' : `${problem.path} `;
  return `${place}: ${subject}${problem.message}${problem.remedy === undefined ? '' : `. ${problem.remedy}`}`;
}
