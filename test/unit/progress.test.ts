import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WriteStream } from 'node:tty';
import { readBackupProgress } from '../../daemon/cli/backup/backup-text.js';
import { paintFor } from '../../daemon/cli/colour.js';
import { describeFinding } from '../../daemon/cli/finding-text.js';
import { progressOf } from '../../daemon/cli/gallery/gallery-text.js';
import { Progress, withDaemonProgress } from '../../daemon/cli/progress.js';
import type { BackupStatus } from '../../daemon/contract/backups.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

function terminal(isTTY = true) {
  const written: string[] = [];
  const output = { isTTY, write: (text: string) => written.push(text) };
  return { written, output, clock: new VirtualClock() };
}

function progressOn(isTTY: boolean, isJson = false) {
  const { written, output, clock } = terminal(isTTY);
  return { written, clock, progress: new Progress({ title: 'importing rows', isJson, output, clock }) };
}

describe('progress', () => {
  test('rewrites its line on a terminal, with an estimate, and is gone in the end', () => {
    const { written, clock, progress } = progressOn(true);
    progress.update(100, 1000);
    clock.advanceBy(1000);
    assert.deepEqual(written, ['\r\x1b[Kimporting rows: 100 of 1000 (10 %)']);
    progress.update(200, 1000, 'row of Ada');
    clock.advanceBy(4000);
    // 100 in 5 s: what was done before the first count does not make it look faster.
    assert.equal(written.at(-1), '\r\x1b[Kimporting rows: 200 of 1000 (20 %), about 40 s left; row of Ada');
    progress.update(1000, 1000, 'the end');
    clock.advanceBy(1000);
    assert.equal(written.at(-1), '\r\x1b[Kimporting rows: 1000 of 1000 (100 %); the end');
    progress[Symbol.dispose]();
    assert.equal(written.at(-1), '\r\x1b[K');
    const count = written.length;
    clock.advanceBy(60_000);
    assert.equal(written.length, count, 'nothing is said any more');
  });

  test('writes a line from time to time without a terminal', () => {
    const { written, clock, progress } = progressOn(false);
    progress.update(0, 400);
    clock.advanceBy(14_999);
    assert.deepEqual(written, [], 'short work says nothing');
    progress.update(1, 400);
    clock.advanceBy(1);
    assert.deepEqual(written, ['importing rows: 1 of 400 (0 %), about 100 min left\n']);
    progress[Symbol.dispose]();
    assert.equal(written.length, 1);
  });

  test('shows the elapsed time while the progress is unknown', () => {
    const { written, clock, progress } = progressOn(true);
    clock.advanceBy(3000);
    assert.equal(written.at(-1), '\r\x1b[Kimporting rows: 3 s so far');
    progress[Symbol.dispose]();
  });

  test('asks the daemon for its progress until the work has ended, and continues without an answer', async () => {
    const { written, clock, output } = terminal();
    const answers = [undefined, 10, 20] as const;
    let asked = 0;
    const ask = async () => {
      const done = answers[asked++];
      if (done === undefined) throw new Error('the daemon is busy');
      return { done, total: 40, step: 'writing' };
    };
    let end = (_value: string): void => undefined;
    const work = new Promise<string>((resolve) => {
      end = resolve;
    });
    const options = { title: 'backing up', isJson: false, output, clock };
    const result = withDaemonProgress(options, ask, () => work);
    for (let turn = 0; turn < 12; turn += 1) {
      clock.advanceBy(500);
      await new Promise((resolve) => setImmediate(resolve));
      if (asked === answers.length) break;
    }
    clock.advanceBy(4000);
    assert.equal(written.at(-1), '\r\x1b[Kbacking up: 20 of 40 (50 %), about 8 s left; writing');
    end('done');
    assert.equal(await result, 'done');
    assert.equal(written.at(-1), '\r\x1b[K');
    clock.advanceBy(60_000);
    assert.equal(asked, answers.length, 'the daemon is asked no more');
  });

  test('asks nothing with --json', async () => {
    const { clock, output } = terminal();
    let asked = 0;
    const ask = async () => {
      asked += 1;
      return undefined;
    };
    await withDaemonProgress({ title: 'restoring', isJson: true, output, clock }, ask, async () =>
      clock.advanceBy(5000),
    );
    assert.equal(asked, 0);
  });

  test('is in MiB and steps for a backup, in rows for a verification, and empty before the first step', async () => {
    const progress = { step: 'read-back', doneBytes: 2.9 * 2 ** 20, totalBytes: 3.1 * 2 ** 20 } as const;
    const asked: string[] = [];
    const client = (status: BackupStatus) => ({
      call: async (id: string) => {
        asked.push(id);
        return status;
      },
    });
    assert.equal(await readBackupProgress(client({ running: 'create' })), undefined);
    assert.deepEqual(await readBackupProgress(client({ running: 'create', progress })), {
      done: 2,
      total: 4,
      step: 'reading the backup back',
    });
    assert.deepEqual(asked, ['backups.show', 'backups.show']);
    assert.equal(progressOf({}), undefined);
    assert.deepEqual(progressOf({ verification: { step: 'pages', done: 7, total: 7 } }), {
      done: 7,
      total: 7,
      step: 'checking the pages of the file',
    });
  });

  test('writes nothing with --json', () => {
    const { written, clock, progress } = progressOn(true, true);
    progress.update(1, 2);
    clock.advanceBy(60_000);
    progress[Symbol.dispose]();
    assert.deepEqual(written, []);
  });
});

describe('colours', () => {
  const { hasColors } = WriteStream.prototype;
  const terminal = Object.create(WriteStream.prototype, { isTTY: { value: true } }) as WriteStream;
  const file = { isTTY: false, hasColors };
  const isColoured = (stream: typeof file, environment: Record<string, string>): boolean =>
    paintFor(stream, environment)('failed', 'x') !== 'x';
  const xterm = { TERM: 'xterm-256color' };

  test('appear on terminals only, unless they are forced or forbidden', () => {
    assert.equal(isColoured(terminal, xterm), true);
    assert.equal(isColoured(file, xterm), false);
    assert.equal(isColoured(terminal, { ...xterm, NO_COLOR: '1' }), false);
    assert.equal(isColoured(terminal, { TERM: 'dumb' }), false);
    assert.equal(isColoured(file, { FORCE_COLOR: '1' }), true);
    assert.equal(isColoured(terminal, { ...xterm, FORCE_COLOR: '0' }), false);
  });

  test('mark the outcome of a finding and nothing else', () => {
    const finding = { check: 'broker', outcome: 'failed', message: 'it is away' } as const;
    assert.equal(describeFinding(finding), 'failed   broker: it is away');
    assert.equal(
      describeFinding(finding, paintFor(file, { FORCE_COLOR: '1' })),
      '\x1b[31mfailed  \x1b[39m broker: it is away',
    );
  });
});
