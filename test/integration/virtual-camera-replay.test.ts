import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { blinksOfClip } from '../../scripts/virtual-camera/blink-script.js';
import { demoScenario } from '../../scripts/virtual-camera/cast.js';
import { renderedClip } from '../../scripts/virtual-camera/rendered-clip.js';
import { rollcall } from '../support/box.js';

/** As in the evaluation of blinks on real clips. */
const toleranceS = 0.25;

interface Line {
  readonly t: number;
  readonly type: string;
  readonly verdict?: string;
}

test('the vision stages find one person in the first scene of the demo, and every blink', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-walk-'));
  try {
    const demo = demoScenario();
    const scenario = { ...demo, scenes: demo.scenes.slice(0, 2) };
    const file = await renderedClip(scenario, { directory });
    const { exitCode, stdout, stderr } = await rollcall(['replay', file, '--json']);
    assert.equal(exitCode, 0, stderr);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const timesOf = (type: string) => lines.filter((line) => line.type === type).map(({ t }) => t);
    assert.equal(timesOf('track.started').length, 1);
    const found = timesOf('blink');
    const scripted = blinksOfClip(scenario);
    assert.equal(found.length, scripted.length);
    scripted.forEach(({ atS }, index) => {
      const t = found[index] ?? Number.NaN;
      assert.ok(Math.abs(t - atS) <= toleranceS, `a blink at ${atS} s was found at ${t} s`);
    });
    assert.deepEqual(
      lines.filter(({ type }) => type === 'liveness').map(({ verdict }) => verdict),
      ['live'],
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
