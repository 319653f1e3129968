import { unprintableRuns } from '../printable-text.js';

/** What templates may name; each is explained in docs/alerts.md. */
export const alertFields = [
  'summary',
  'site',
  'box',
  'rule',
  'severity',
  'phase',
  'camera',
  'cameraId',
  'count',
  'minutes',
  'from',
  'to',
  'time',
  'id',
] as const;

export type AlertField = (typeof alertFields)[number];
export type AlertFieldValues = Readonly<Record<AlertField, string>>;

/** A template, taken apart: text as it stands, and fields. */
export type AlertTemplate = readonly (string | { readonly field: AlertField })[];

export type ParsedTemplate =
  | { readonly template: AlertTemplate }
  /** What is wrong; `field` is the unknown one, where it is that. */
  | { readonly problem: string; readonly field?: string };

const token = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

const isField = (name: string): name is AlertField => alertFields.some((field) => field === name);

/** Reads `{field}`; `{{` and `}}` stand for the braces themselves. Nothing in a template is ever evaluated. */
export function parseTemplate(text: string): ParsedTemplate {
  const template: AlertTemplate[number][] = [];
  let from = 0;
  for (const found of text.matchAll(token)) {
    const [whole, name] = found;
    template.push(text.slice(from, found.index));
    from = found.index + whole.length;
    if (whole === '{{' || whole === '}}') template.push(whole.slice(1));
    else if (name === undefined) return { problem: `has a "${whole}" that belongs to no field` };
    else if (!isField(name)) return { problem: 'names an unknown field', field: name };
    else template.push({ field: name });
  }
  return { template: [...template, text.slice(from)].filter((piece) => piece !== '') };
}

/** Values go in as they are; what they hold is never read as a template. */
export function fillTemplate(template: AlertTemplate, values: AlertFieldValues): string {
  return template.map((piece) => (typeof piece === 'string' ? piece : values[piece.field])).join('');
}

const longestLine = 200;
const longestText = 10_000;

function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`;
}

/** One printable line of at most 200 characters: nothing in it can begin a header of its own. */
export const asLine = (text: string): string => cut(text.replace(unprintableRuns, ' ').trim(), longestLine);

/** Printable lines, 10,000 characters at most. */
export const asLines = (text: string): string =>
  cut(
    text
      .replaceAll('\r\n', '\n')
      .split('\n')
      .map((line) => line.replace(unprintableRuns, ' '))
      .join('\n')
      .trim(),
    longestText,
  );
