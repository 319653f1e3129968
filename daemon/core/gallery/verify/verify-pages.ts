import { execFile } from 'node:child_process';
import { boundChild } from '../../../host/bound-child.js';
import { processEntry } from '../../../host/program-files.js';
import { failure } from '../../../words/errors.js';

/** Enough for a table, a page and a count, and not for the content of a row. */
const LONGEST_MESSAGE = 200;
const MOST_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * The messages of SQLite's integrity check of a database file; empty if it is whole. Runs in another process with read access
 * only, which `signal` ends. @throws `verify-failed`
 */
export function verifyPages(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const main = processEntry({ built: 'verify-pages.js', source: 'core/gallery/verify/verify-pages-main.ts' });
  const options = { signal, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT_BYTES, env: {} } as const;
  const command = boundChild(process.execPath, [...process.execArgv, main, path]);
  return new Promise((resolve, reject) => {
    execFile(command.program, command.arguments, options, (cause, stdout) => {
      if (cause === null) resolve(readMessages(stdout));
      else reject(signal.aborted ? signal.reason : failed(cause));
    });
  });
}

function readMessages(text: string): readonly string[] {
  const messages = JSON.parse(text) as readonly string[];
  return [...new Set(messages.map((message) => message.slice(0, LONGEST_MESSAGE)))];
}

function failed(cause: Error) {
  return failure('verify-failed', {}, { cause });
}
