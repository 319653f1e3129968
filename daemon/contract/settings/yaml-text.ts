import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { messageOf } from '../../kernel/errors.js';
import { type ConfigProblem, mostProblems } from './config-problem.js';
import { allSettings } from './json-schema.js';
import { wholeFile, YamlPositions } from './yaml-positions.js';

/** The values of a YAML text and their places, or its problems. `raw` is null for an empty text. */
type YamlText =
  | { readonly raw: unknown; readonly positions: YamlPositions }
  | { readonly problems: readonly ConfigProblem[] };

/** Parses YAML without looking at the meaning of the values. Pure. */
export function parseYaml(text: string): YamlText {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  const positions = new YamlPositions(document, lineCounter);
  const syntax = [...document.errors, ...document.warnings].slice(0, mostProblems);
  if (syntax.length > 0) {
    const problems = syntax.map((error) => ({
      ...positions.at(error.pos[0]),
      path: '',
      ...explainSyntax(error, text),
    }));
    return { problems };
  }
  try {
    const raw: unknown = document.toJS();
    return { raw: raw ?? null, positions };
  } catch (error) {
    // The parser refuses documents whose aliases expand to an excessive size.
    const message = `the aliases of the file cannot be expanded: ${messageOf(error)}`;
    return {
      problems: [{ ...wholeFile, path: '', message, remedy: 'Write every value in full, without aliases.' }],
    };
  }
}

function explainSyntax(error: YAMLError, text: string): Pick<ConfigProblem, 'message' | 'remedy'> {
  if (error.code === 'DUPLICATE_KEY') {
    // Only a known key is repeated: another one may be a secret at the wrong place.
    const key = /^[A-Za-z]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
    const isKnown = allSettings().some(({ path }) => path.includes(key));
    return {
      message: `${isKnown ? `"${key}"` : 'this key'} appears twice`,
      remedy: 'Join both, or remove one.',
    };
  }
  if (error.code === 'TAB_AS_INDENT') {
    return { message: 'this line is indented with a tab', remedy: 'Indent with spaces.' };
  }
  return {
    // The text after the colon quotes the file, which may contain a secret by mistake.
    message: `this is not valid YAML: ${error.message.replace(/: ["'].*$/s, '')}`,
    remedy: 'Check indentation, quotes and colons on this line and the line before.',
  };
}
