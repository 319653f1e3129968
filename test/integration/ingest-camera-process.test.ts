import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { testClip } from '../support/clips.js';
import { called, descendantsOf, processFacts } from '../support/processes.js';
import { startRtspServer, type TestRtspServer } from '../support/rtsp-server.js';
import { until } from '../support/until.js';
import { installedFfmpeg, watchCamera } from '../support/watched-camera.js';

const auth = { user: 'installer', password: 'correct-horse', method: 'digest' } as const;
const credential = { user: auth.user, password: auth.password };

/** Processes named ffmpeg that this test process started and that still run. */
const decoders = (): readonly number[] => called('ffmpeg', descendantsOf(process.pid));

describe('the FFmpeg process of a camera', () => {
  let server: TestRtspServer;
  let url: string;

  before(async () => {
    server = await startRtspServer({ mounts: { '/live': await testClip({ seconds: 6 }) }, auth });
    url = server.url('/live');
  });

  after(() => server[Symbol.asyncDispose]());

  const watch = (options: Partial<Parameters<typeof watchCamera>[0]> = {}) =>
    watchCamera({ url, address: { url, credential, transport: 'tcp' }, ...options });

  test('shows the password nowhere', async () => {
    await using camera = await watch();
    await camera.moreFrames(5);
    const facts = decoders().map(processFacts);
    assert.equal(facts.length, 1);
    for (const fact of facts) {
      assert.ok(fact);
      assert.ok(fact.commandLine.includes('pipe:3'));
      assert.ok(!`${fact.commandLine}${fact.environment}`.includes(auth.password));
    }
    // Listened for before: both may have come by the time the end of the server is known here.
    const failures = Promise.all([camera.failure('ended'), camera.failure('refused')]);
    await server.kill();
    await failures;
    await server.restart();
    await camera.moreFrames(5);
    assert.ok(camera.log.length > 4);
    assert.ok(!camera.log.join('\n').includes(auth.password));
  });

  test('ends when the camera is closed, and ends its session at the camera', async () => {
    const eventsBefore = server.events.length;
    const camera = await watch();
    await camera.moreFrames(5);
    await camera[Symbol.asyncDispose]();
    assert.deepEqual(decoders(), []);
    await until('the end of the session', () =>
      server.events.slice(eventsBefore).some(({ event }) => event === 'teardown'),
    );
  });

  test('ends when a hanging camera is closed', async () => {
    const camera = await watch({ stallAfterS: 60 });
    await camera.moreFrames(5);
    server.freeze();
    await camera[Symbol.asyncDispose]();
    server.thaw();
    assert.deepEqual(decoders(), []);
  });

  test('ends when the camera is closed while it opens', async () => {
    const camera = await watch();
    await camera[Symbol.asyncDispose]();
    assert.deepEqual([decoders(), camera.frames], [[], []]);
  });

  test('is replaced when it is killed', async () => {
    await using camera = await watch();
    await camera.moreFrames(5);
    const [pid] = decoders();
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await camera.failure('ffmpeg-killed');
    await camera.moreFrames(5);
    assert.notDeepEqual(decoders(), [pid]);
  });

  test('continues while no frame is released, and counts the dropped ones', async () => {
    const held: Frame[] = [];
    await using camera = await watch({ onFrame: (frame) => held.push(frame), bufferCount: 3 });
    await until('lost frames', () => camera.counters.droppedBusy >= 10);
    assert.equal(held.length, 3);
    const copies = held.map(({ picture }) => Buffer.from(picture.data));
    await until('more lost frames', () => camera.counters.droppedBusy >= 20);
    assert.ok(held.every(({ picture }, index) => copies[index]?.equals(picture.data)));
    for (const frame of held) {
      frame.release();
      frame.release();
    }
    await camera.moreFrames(3);
    assert.deepEqual([held.length, camera.counters.restarts], [6, 0]);
  });

  test('drops frames that became old while rollcall itself stood still, and does not blame the camera', async () => {
    await using camera = await watch({ stallAfterS: 2 });
    await camera.moreFrames(5);
    // The fault itself: the event loop blocked for longer than a camera may be silent.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000);
    await until('old frames dropped', () => camera.counters.droppedStale > 0);
    await camera.moreFrames(20);
    const { restarts, lastFrameAgeMs = Number.NaN } = camera.counters;
    assert.equal(restarts, 0);
    assert.ok(lastFrameAgeMs < 1000);
  });

  test('if FFmpeg is missing, the report says what to install', async () => {
    const path = '/nonexistent/ffmpeg';
    await assert.rejects(detectFfmpeg(path), (error) => {
      return isRollcallError(error, 'ffmpeg-missing') && /apt-get install ffmpeg/.test(error.remedy ?? '');
    });
    await using camera = await watch({ ffmpeg: { ...(await installedFfmpeg()), path } });
    await camera.failure('ffmpeg-missing');
  });

  test('if FFmpeg does not answer, the report does not say that it is missing', async () => {
    const silent = join(await mkdtemp(join(tmpdir(), 'rollcall-ffmpeg-')), 'ffmpeg');
    await writeFile(silent, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    await assert.rejects(detectFfmpeg(silent, 200), {
      message: `"${silent}" did not answer to -protocols within 0.2 s`,
      remedy: /too busy/,
    });
    await rm(dirname(silent), { recursive: true });
  });

  test('if FFmpeg was built without what reading a camera needs, the report names it', async () => {
    const small = join(await mkdtemp(join(tmpdir(), 'rollcall-ffmpeg-')), 'ffmpeg');
    await writeFile(small, '#!/bin/sh\nffmpeg "$@" | grep -vx "  async"\n', { mode: 0o755 });
    await assert.rejects(detectFfmpeg(small), (error) => {
      assert.ok(isRollcallError(error, 'ffmpeg-unsupported'));
      return (
        /without the protocols async$/.test(error.message) && /your distribution/.test(error.remedy ?? '')
      );
    });
    await rm(dirname(small), { recursive: true });
  });

  test('if the program is not FFmpeg, this is reported', async () => {
    await assert.rejects(detectFfmpeg('/bin/true'), (error) => isRollcallError(error, 'ffmpeg-unsupported'));
  });
});
