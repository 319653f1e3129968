import type { Output } from '../../api/request.js';
import type en from '../../messages/en/configuration.json';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('configuration');
/** The names of settings, by their paths: `messages/en/settings.json`. */
const nameOf = wordsOf<Readonly<Record<string, string>>>('settings');

export type Setting = Output<'config.show'>['settings'][number];
export type Difference = Output<'config.check'>['differences'][number];
export type Problem = Output<'config.check'>['problems'][number];

/** The name of a section that has settings which can be changed. */
export const sectionName = (section: string): string => nameOf(`section-${section}`) || section;

const units = [
  [/^retention\.(?!atHour)/, () => t('unit-days')],
  [/S$/, () => t('unit-seconds')],
  [/MiB$/, () => t('unit-mebibytes')],
] as const;

/** The name of a setting with its unit; the path of one that has no name of its own. */
export function settingName(path: string): string {
  const label = nameOf(`set-${path}`);
  if (label === '') return path;
  const unit = units.find(([pattern]) => pattern.test(path))?.[1]();
  return unit === undefined ? label : t('with-unit', { label, unit });
}

/** A value in words. */
export function valueText(path: string, value: unknown): string {
  if (value === undefined || value === null) return t('not-set');
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (value === 'forever') return t('without-limit');
  if (value === 'auto') return t('automatic');
  if (typeof value === 'string') return nameOf(`value-${path}-${value}`) || value;
  if (typeof value === 'number') return String(value);
  if (!Array.isArray(value)) return JSON.stringify(value);
  const isPlain = value.every((each) => typeof each !== 'object');
  return isPlain && value.length > 0 ? value.join(', ') : t('list-of', { count: value.length });
}

/** The choices of a setting with their words; undefined where any value may be given. */
export function choicesOf({ path, schema }: Setting): readonly (readonly [string, string])[] | undefined {
  const given = schema['enum'];
  if (!Array.isArray(given)) return undefined;
  return given.map((each) => [String(each), valueText(path, each)] as const);
}

/** The word that may stand in place of a number, such as `forever`. */
export function wordOf({ schema }: Setting): string | undefined {
  const given = schema['anyOf'];
  if (!Array.isArray(given)) return undefined;
  const words = given.map((each: unknown) =>
    typeof each === 'object' && each !== null && 'const' in each ? each.const : undefined,
  );
  return words.find((each): each is string => typeof each === 'string');
}

/** True for a setting that the form cannot show: a list. */
export const isList = ({ schema }: Setting): boolean => schema['type'] === 'array';
