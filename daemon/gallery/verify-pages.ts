import { Worker } from 'node:worker_threads';
import { operational } from '../base/errors.js';

/** A table name, a page, a count: enough to look there, and nothing of what a row holds. */
const LONGEST_MESSAGE = 200;

/**
 * What SQLite's integrity check says of the pages of a database file; nothing where they are whole. Goes through a connection
 * of its own in another thread, so that nothing waits for it. @throws `verify-failed`
 */
export function verifyPages(path: string): Promise<readonly string[]> {
  // Built code runs as .js; straight from the sources the loader in execArgv takes .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./verify-pages-worker.${extension}`, import.meta.url), {
    workerData: { path },
  });
  return new Promise((resolve, reject) => {
    worker.once('message', (messages: readonly string[]) =>
      resolve([...new Set(messages.map((message) => message.slice(0, LONGEST_MESSAGE)))]),
    );
    worker.once('error', (cause) =>
      reject(
        operational('verify-failed', 'the pages of the gallery file could not be checked', {
          remedy: 'try again; see the log for the reason',
          cause,
        }),
      ),
    );
    worker.once('exit', () =>
      reject(operational('verify-failed', 'the check of the pages ended too early', { remedy: 'try again' })),
    );
  });
}
