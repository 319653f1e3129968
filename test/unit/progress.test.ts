import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WriteStream } from 'node:tty';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { paintFor } from '../../daemon/cli/colour.js';
import { describeFinding } from '../../daemon/cli/doctor/doctor-finding.js';
import { Progress } from '../../daemon/cli/progress.js';

function progressOn(isTTY: boolean, isJson = false) {
  const written: string[] = [];
  const clock = new VirtualClock();
  const output = { isTTY, write: (text: string) => written.push(text) };
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
    progress[Symbol.dispose]();
    assert.equal(written.at(-1), '\r\x1b[K');
    const count = written.length;
    clock.advanceBy(60_000);
    assert.equal(written.length, count, 'nothing is said any more');
  });

  test('writes a line every so often where there is no terminal', () => {
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

  test('says how long it has taken where it cannot know how far it is', () => {
    const { written, clock, progress } = progressOn(true);
    clock.advanceBy(3000);
    assert.equal(written.at(-1), '\r\x1b[Kimporting rows: 3 s so far');
    progress[Symbol.dispose]();
  });

  test('says nothing with --json', () => {
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

  test('are for terminals only, unless they are forced or forbidden', () => {
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
