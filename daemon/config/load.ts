import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { messageOf } from '../base/errors.js';
import { present } from '../base/present.js';
import { allSettings } from './json-schema.js';
import { type ConfigProblem, explainIssue } from './problem.js';
import { timeZoneField } from './scalars.js';
import { type Config, configSchema, fileSchema } from './schema.js';
import { wholeFile, YamlPositions } from './yaml-positions.js';

/** A configuration, or all problems of the file in the order of its lines. */
type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Far above any real file: a video given by mistake is not read into memory. */
const largestBytes = 1 << 20;

/** Reads and checks a YAML configuration file. Never throws for an unusable file. */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  const read = await readText(path);
  return 'text' in read ? parseConfig(read.text) : { ok: false, problems: [read] };
}

/**
 * The socket path and the time zone in the file. The rest of the file may be invalid, because the daemon may still run
 * with an earlier version of it. A value that cannot be read is absent.
 */
export async function loadSite(
  path: string,
): Promise<{ readonly socketPath?: string; readonly timeZone?: string }> {
  const read = await readText(path);
  if (!('text' in read)) return {};
  const document = parseDocument(read.text, { prettyErrors: false });
  if (document.errors.length > 0) return {};
  const socketPath: unknown = document.getIn(['control', 'socketPath']);
  const control = fileSchema.shape.control.safeParse(socketPath === undefined ? {} : { socketPath });
  const timeZone = timeZoneField.safeParse(document.getIn(['site', 'timeZone']));
  return present({ socketPath: control.data?.socketPath, timeZone: timeZone.data });
}

/** Checks configuration text. Pure. */
export function parseConfig(text: string): LoadedConfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  const positions = new YamlPositions(document, lineCounter);
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    return refuse(
      syntax.map((error) => ({ ...positions.at(error.pos[0]), path: '', ...explainSyntax(error, text) })),
    );
  }
  let raw: unknown;
  try {
    raw = document.toJS();
  } catch (error) {
    // The parser refuses documents whose aliases expand to an excessive size.
    const message = `the aliases of the file cannot be expanded: ${messageOf(error)}`;
    return refuse([
      { ...wholeFile, path: '', message, remedy: 'write every value in full, without aliases' },
    ]);
  }
  if (raw === null || raw === undefined) {
    return refuse([
      {
        ...wholeFile,
        path: '',
        message: 'the file is empty',
        remedy: 'start from config/rollcall.example.yaml',
      },
    ]);
  }
  const parsed = configSchema.safeParse(raw);
  if (parsed.success) return { ok: true, config: parsed.data };
  return refuse(
    parsed.error.issues
      .flatMap((issue) => explainIssue(issue, (path) => valueAt(raw, path)))
      .map((problem) => ({ ...positions.of(problem.path), ...problem, path: problem.path.join('.') })),
  );
}

function explainSyntax(error: YAMLError, text: string): Pick<ConfigProblem, 'message' | 'remedy'> {
  if (error.code === 'DUPLICATE_KEY') {
    // Only a known key is repeated: another one may be a secret at the wrong place.
    const key = /^[A-Za-z]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
    const isKnown = allSettings().some(({ path }) => path.includes(key));
    return {
      message: `${isKnown ? `"${key}"` : 'this key'} appears twice`,
      remedy: 'join both, or remove one',
    };
  }
  if (error.code === 'TAB_AS_INDENT') {
    return { message: 'this line is indented with a tab', remedy: 'indent with spaces' };
  }
  return {
    // The text after the colon quotes the file, which may contain a secret by mistake.
    message: `this is not valid YAML: ${error.message.replace(/: ["'].*$/s, '')}`,
    remedy: 'check indentation, quotes and colons on this line and the line before',
  };
}

function refuse(problems: readonly ConfigProblem[]): LoadedConfig {
  return { ok: false, problems: [...problems].sort((a, b) => a.line - b.line || a.column - b.column) };
}

function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    raw,
  );
}

async function readText(path: string): Promise<{ readonly text: string } | ConfigProblem> {
  const problem = (message: string, remedy: string): ConfigProblem => ({
    ...wholeFile,
    path: '',
    message,
    remedy,
  });
  try {
    // Checked before opening: opening a pipe without a writer would block for ever.
    const found = await stat(path);
    if (found.isDirectory())
      return problem('this is a directory', 'give the path of the YAML file inside it');
    if (!found.isFile()) {
      return problem('this is not an ordinary file', 'give the path of the YAML configuration file');
    }
    if (found.size > largestBytes) {
      return problem(
        `the file is larger than ${largestBytes} bytes`,
        'give the path of the YAML configuration file',
      );
    }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return problem(
          'the file does not exist',
          'check the path, or start from config/rollcall.example.yaml',
        );
      case 'EACCES':
      case 'EPERM':
        return problem(
          'this user may not read the file',
          'give the user of the daemon permission to read it',
        );
      case 'ERR_ENCODING_INVALID_ENCODED_DATA':
        return problem('the file is not UTF-8 text', 'save it as UTF-8');
      default:
        return problem(`the file cannot be read: ${messageOf(error)}`, 'check the disk and the path');
    }
  }
}
