import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntlMessageFormat } from 'intl-messageformat';
import { broaderTags } from '../../daemon/kernel/language-tag.js';

/** The messages of a file. A variant of a language, such as `pt-BR`, has those of its language where it has none of its own. */
export function messagesOf(folder: string, language: string, file: string): Readonly<Record<string, string>> {
  const paths = broaderTags(language).map((tag) => join(folder, tag, file));
  const read = paths
    .filter((path) => existsSync(path))
    .map((path): unknown => JSON.parse(readFileSync(path, 'utf8')));
  return Object.assign({}, ...read.toReversed()) as Readonly<Record<string, string>>;
}

type Values = Readonly<Record<string, string | number>>;
type Elements = ReturnType<IntlMessageFormat['getAst']>;

export const parsedMessage = (
  text: string,
  tag: string,
  formats?: ConstructorParameters<typeof IntlMessageFormat>[2],
): IntlMessageFormat => new IntlMessageFormat(text, tag, formats, { ignoreTag: true });

/** The values that a message shows, by their names, each with examples of what it may be. */
function valuesOf(elements: Elements): readonly (readonly [string, readonly (string | number)[]])[] {
  return elements.flatMap((element) => {
    const options = 'options' in element ? Object.entries(element.options) : [];
    const inOptions = options.flatMap(([, { value }]) => valuesOf(value));
    // A literal text is of the type 0, and is the only one whose value is no name.
    if (element.type === 0 || !('value' in element)) return inOptions;
    const words = options.map(([word]) => word);
    const isPlain = element.type === 1;
    const isChoice = element.type === 5;
    const examples = isPlain ? ["{it's} <b> #"] : isChoice ? [...words, 'else'] : [0, 1, 2, 0.4567, 1234.5];
    return [[element.value, examples] as const, ...inOptions];
  });
}

/** What a message says itself, without its values: the texts of all its forms. */
export const literalsIn = (text: string): string => literalsOf(parsedMessage(text, 'en').getAst()).join(' ');

const literalsOf = (elements: Elements): readonly string[] =>
  elements.flatMap((element) => {
    if (element.type === 0) return [element.value];
    return 'options' in element
      ? Object.values(element.options).flatMap(({ value }) => literalsOf(value))
      : [];
  });

/** The names of the values that a message shows. */
export const namesIn = (text: string): readonly string[] =>
  [...new Set(valuesOf(parsedMessage(text, 'en').getAst()).map(([name]) => name))].sort();

/** Every set of values that takes one example for each name. */
export const examplesOf = (message: IntlMessageFormat): readonly Values[] =>
  [...new Map(valuesOf(message.getAst()))].reduce<readonly Values[]>(
    (some, [name, examples]) =>
      some.flatMap((set) => examples.map((example) => ({ ...set, [name]: example }))),
    [{}],
  );
