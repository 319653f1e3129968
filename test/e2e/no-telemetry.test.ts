import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { cliMain, makeBox, runProgram, withoutBuild } from '../support/box.js';
import { visitorClip } from '../support/scenes.js';

test('no dependency of the box writes files about it or reports to a server', {
  skip: withoutBuild,
}, async () => {
  await using box = await makeBox();
  await using photos = await writeEnrolmentPhotos();
  const home = join(box.directory, 'home');
  await mkdir(home);
  // As on a box, no environment variable switches reporting off; build servers set one.
  const environment = {
    HOME: home,
    XDG_CACHE_HOME: undefined,
    CI: undefined,
    ORT_DISABLE_TELEMETRY: undefined,
  };
  await box.start(environment);
  const added = await box.command('person', 'add', 'Ada', '--image', photos.files.ada);
  assert.equal(added.exitCode, 0, added.stdout);
  assert.equal(await box.stop(), 0);
  const clip = await visitorClip('ada');
  const replayed = await runProgram(process.execPath, [cliMain, 'replay', clip, '--json'], {
    ...process.env,
    ...environment,
  });
  assert.equal(replayed.exitCode, 0, replayed.stderr);
  assert.deepEqual(readdirSync(home, { recursive: true }), []);
  assert.doesNotMatch(`${box.log()}${replayed.stderr}`, /telemetry/i);
});
