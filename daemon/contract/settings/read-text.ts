import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../kernel/errors.js';
import type { ConfigProblem } from './config-problem.js';
import { wholeFile } from './yaml-positions.js';

/** Far above any real file: a video given by mistake is not read into memory. */
const largestBytes = 1 << 20;

/** The text of a file, or why it cannot be read. Never throws for an unusable file. */
export async function readText(path: string): Promise<{ readonly text: string } | ConfigProblem> {
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
      return problem('this is a directory', 'Give the path of the YAML file inside it.');
    if (!found.isFile()) {
      return problem('this is not an ordinary file', 'Give the path of the YAML configuration file.');
    }
    if (found.size > largestBytes) {
      return problem(
        `the file is larger than ${largestBytes} bytes`,
        'Give the path of the YAML configuration file.',
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
          'Check the path, or start from config/rollcall.example.yaml.',
        );
      case 'EACCES':
      case 'EPERM':
        return problem(
          'this user may not read the file',
          'Give the user of the daemon permission to read it.',
        );
      case 'ERR_ENCODING_INVALID_ENCODED_DATA':
        return problem('the file is not UTF-8 text', 'Save it as UTF-8.');
      default:
        return problem(`the file cannot be read: ${messageOf(error)}`, 'Check the disk and the path.');
    }
  }
}
