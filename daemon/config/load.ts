import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../base/errors.js';
import { type ConfigProblem, explainIssue } from './problem.js';
import { timeZoneField } from './scalars.js';
import { type Config, configSchema, fileSchema } from './schema.js';
import { wholeFile, YamlPositions } from './yaml-positions.js';

/** A configuration, or everything that is wrong with the file, in the order of its lines. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Far above any real file; a video named by mistake is not read into memory. */
const largestBytes = 1 << 20;

/** Reads and checks a YAML configuration file. An unusable file is an outcome, never an exception. */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  const read = await readText(path);
  return 'text' in read ? parseConfig(read.text) : { ok: false, problems: [read] };
}

/**
 * The socket of the daemon of this file and the time zone of its site. The rest of the file may be invalid: the daemon may
 * still run with an earlier one. Each is absent where it cannot be read.
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
  return {
    ...(control.success ? { socketPath: control.data.socketPath } : {}),
    ...(timeZone.success ? { timeZone: timeZone.data } : {}),
  };
}

/** Checks configuration text. Pure. */
export function parseConfig(text: string): LoadedConfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  const positions = new YamlPositions(document, lineCounter);
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    return refuse(
      syntax.map((error) => ({
        ...positions.at(error.pos[0]),
        path: '',
        // What follows the colon quotes the file, which may hold a secret by mistake.
        message: `is no valid YAML here: ${error.message.replace(/: ["'].*$/s, '')}`,
        remedy: 'check indentation, quotes and colons on this line and the one before',
      })),
    );
  }
  let raw: unknown;
  try {
    raw = document.toJS();
  } catch (error) {
    // The parser refuses documents whose aliases would expand without end.
    return refuse([{ ...wholeFile, path: '', message: `cannot be expanded: ${messageOf(error)}` }]);
  }
  if (raw === null || raw === undefined) {
    return refuse([
      {
        ...wholeFile,
        path: '',
        message: 'the file is empty',
        remedy: 'begin with config/rollcall.example.yaml',
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
    // Before opening: opening a pipe that nobody writes to would wait for ever.
    const found = await stat(path);
    if (found.isDirectory()) return problem('is a directory, not a file', 'name the YAML file inside it');
    if (!found.isFile()) return problem('is no ordinary file', 'name the YAML configuration file');
    if (found.size > largestBytes) {
      return problem(`the file is larger than ${largestBytes} bytes`, 'name the YAML configuration file');
    }
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return problem(
          'the file does not exist',
          'check the path, or begin with config/rollcall.example.yaml',
        );
      case 'EACCES':
      case 'EPERM':
        return problem('may not be read by this user', 'let the user that runs the daemon read it');
      case 'ERR_ENCODING_INVALID_ENCODED_DATA':
        return problem('is not text in UTF-8', 'save it as UTF-8');
      default:
        return problem(`cannot be read: ${messageOf(error)}`, 'check the disk and the path');
    }
  }
}
