import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const tool = '/usr/bin/systemd-analyze';
const source = fileURLToPath(new URL('../../systemd', import.meta.url));

test('the unit of the gate asks for nothing where the release has no gate', async () => {
  const text = await readFile(join(source, 'rollcall-gate.service'), 'utf8');
  const [, started] = /^ExecStart=.* (\/opt\/\S+\.js)/m.exec(text) ?? [];
  assert.ok(started !== undefined);
  assert.match(text, new RegExp(`^ConditionPathExists=${started}$`, 'm'));
});

describe('the units of a box', { skip: existsSync(tool) ? false : `${tool} is missing` }, () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-unit-'));
    await cp(source, directory, { recursive: true });
    const walls = '00-walls.conf';
    await copyFile(
      join(directory, 'rollcall-.service.d', walls),
      join(directory, 'rollcalld.service.d', walls),
    );
    for (const name of await services()) {
      const text = await readFile(join(directory, name), 'utf8');
      // The program need not be installed where the tests run.
      await writeFile(join(directory, name), text.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'));
    }
  });
  after(() => rm(directory, { recursive: true }));

  const named = async (ending: string): Promise<readonly string[]> =>
    (await readdir(directory)).filter((name) => name.endsWith(ending));
  const services = () => named('.service');
  /** Systemd reads drop-ins only of units that it finds by their name. */
  const analyse = (...args: readonly string[]) =>
    run(tool, args, { env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:` } });

  test('have only lines that systemd understands', async () => {
    const units = [...(await services()), ...(await named('.socket'))].map((name) => join(directory, name));
    assert.equal(units.length, 7);
    const { stdout, stderr } = await analyse('verify', '--man=no', ...units);
    assert.equal(`${stdout}${stderr}`, '');
  });

  test('cause a report of a line that systemd does not understand', async () => {
    const wrong = join(directory, 'rollcall-wrong.service');
    await copyFile(join(directory, 'rollcall-gate.service'), wrong);
    await appendFile(wrong, '\n[Service]\nWatchdocSec=3\n');
    const { stderr } = await analyse('verify', '--man=no', wrong);
    assert.match(stderr, /WatchdocSec/);
    await rm(wrong);
  });

  test('have an exposure of at most 1.5 of 10 each', async () => {
    const rate = (unit: string, threshold: number) =>
      analyse('security', '--offline=true', `--threshold=${threshold}`, '--no-pager', join(directory, unit));
    for (const name of await services()) {
      // Exits with an error when the exposure, times ten, is above the threshold.
      await rate(name, name === 'rollcall-gate.service' ? 13 : 15);
      await assert.rejects(rate(name, 1));
    }
  });
});
