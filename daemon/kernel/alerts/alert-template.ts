import { unprintableRuns } from '../printable-text.js';

/** The fields of templates; docs/reference/alerts.md explains them. */
export const alertFields = [
  'summary',
  'site',
  'box',
  'rule',
  'severity',
  'phase',
  'camera',
  'cameraId',
  'stranger',
  'count',
  'minutes',
  'from',
  'to',
  'time',
  'id',
] as const;

type AlertField = (typeof alertFields)[number];
export type AlertFieldValues = Readonly<Record<AlertField, string>>;

/** A parsed template: literal texts and fields. */
export type AlertTemplate = readonly (string | { readonly field: AlertField })[];

type ParsedTemplate =
  | { readonly template: AlertTemplate }
  /** `field`: the unknown field, if that is the problem. */
  | { readonly problem: string; readonly field?: string };

const token = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

const isField = (name: string): name is AlertField => alertFields.some((field) => field === name);

/** Parses `{field}`; `{{` and `}}` are literal braces. Templates are never evaluated as code. */
export function parseTemplate(text: string): ParsedTemplate {
  const template: AlertTemplate[number][] = [];
  let from = 0;
  for (const found of text.matchAll(token)) {
    const [whole, name] = found;
    template.push(text.slice(from, found.index));
    from = found.index + whole.length;
    if (whole === '{{' || whole === '}}') template.push(whole.slice(1));
    else if (name === undefined) return { problem: `has a "${whole}" without its counterpart` };
    else if (!isField(name)) return { problem: 'contains an unknown field', field: name };
    else template.push({ field: name });
  }
  return { template: [...template, text.slice(from)].filter((piece) => piece !== '') };
}

/** Inserts the values as they are; braces in values have no meaning. */
export function fillTemplate(template: AlertTemplate, values: AlertFieldValues): string {
  return template.map((piece) => (typeof piece === 'string' ? piece : values[piece.field])).join('');
}

const longestLine = 200;
const longestText = 10_000;

function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`;
}

/** One printable line of at most 200 characters, so that it cannot add a mail header. */
export const asLine = (text: string): string => cut(text.replace(unprintableRuns, ' ').trim(), longestLine);

/** Printable lines, at most 10,000 characters. */
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
