import { execFile } from 'node:child_process';
import { operational } from '../../base/errors.js';
import { processEntry } from '../../host/program-files.js';

/** A table name, a page, a count: enough to look there, and nothing of what a row holds. */
const LONGEST_MESSAGE = 200;
const MOST_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * What SQLite's integrity check says of the pages of a database file; nothing where they are whole. Done by another process
 * that can only read, so that nothing waits for it; `signal` ends it. @throws `verify-failed`
 */
export function verifyPages(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const main = processEntry({ built: 'verify-pages.js', source: 'gallery/verify/verify-pages-main.ts' });
  const options = { signal, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT_BYTES, env: {} } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...process.execArgv, main, path], options, (cause, stdout) => {
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
  return operational('verify-failed', 'the pages of the gallery file could not be checked', {
    remedy: 'try again; see the log for the reason',
    cause,
  });
}
