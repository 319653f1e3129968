import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findGpuDevices } from '../../daemon/host/gpu-devices.js';
import { detectFfmpeg, type FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { hardwareTrials } from '../../daemon/vision/ingest/hardware-decoding.js';
import { testClip } from '../support/clips.js';
import { startRtspServer, type TestRtspServer } from '../support/rtsp-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { installedFfmpeg, watchCamera } from '../support/watched-camera.js';

const { nvidia, renderNodes } = findGpuDevices();
const hasGpu = nvidia.length > 0 || renderNodes.length > 0;
/** The real FFmpeg fails to open hardware only on a machine without any. */
const withoutGpu = hasGpu ? { skip: 'this machine has a GPU' } : {};

describe('decoding with hardware', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: TestRtspServer;
  let url: string;

  before(async () => {
    directory = await temporaryDirectory();
    server = await startRtspServer({ mounts: { '/live': await testClip({ seconds: 3 }) } });
    url = server.url('/live');
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /**
   * An FFmpeg that stands for one with a GPU: it decodes in software what asks for hardware, with the filters `instead` of the copy from
   * the device. Arguments with `refused` go to the real one, which has no GPU.
   */
  async function pretended({ refused = 'nothing', instead = '' }): Promise<FfmpegBinary> {
    const path = join(directory.path, `pretended-${refused}-${instead.length}`);
    const text = `#!/bin/bash
case " $* " in *${refused}*) exec ffmpeg "$@" ;; esac
given=()
while [ $# -gt 0 ]; do
  case $1 in
  -hwaccel | -hwaccel_output_format) shift ;;
  *) given+=("\${1//hwdownload,/${instead}}") ;;
  esac
  shift
done
exec ffmpeg "\${given[@]}"
`;
    await writeFile(path, text, { mode: 0o755 });
    return detectFfmpeg(path);
  }

  test('no hardware works where there is none, and each kind says why', withoutGpu, async () => {
    const trials = await hardwareTrials(await installedFfmpeg());
    assert.deepEqual(
      trials.map(({ decoder }) => decoder),
      ['cuda', 'vaapi', 'qsv'],
    );
    for (const { decoder, problem } of trials) assert.match(problem ?? '', /\w/, decoder);
  });

  test('hardware that decodes neither clip as the processor does is not used', async () => {
    // Brighter by one: no one would see it.
    const trials = await hardwareTrials(await pretended({ instead: 'lutyuv=y=val+1,' }));
    assert.deepEqual(new Set(trials.map(({ problem }) => problem)), new Set(['it decodes hevc wrongly']));
  });

  test('a driver that hangs in a process that cannot be killed holds up no camera', async () => {
    const path = join(directory.path, 'hanging');
    // What is left behind keeps the output open, as a process that the kernel cannot end does.
    const text = `#!/bin/bash
case " $* " in *" -protocols "*) exec ffmpeg "$@" ;; *" -hwaccels "*) echo cuda; exit ;; esac
case " $* " in *" -hwaccel "*) setsid sleep 30 & ;; *) exec ffmpeg "$@" ;; esac
`;
    await writeFile(path, text, { mode: 0o755 });
    const [cuda] = await hardwareTrials(await detectFfmpeg(path), 5000);
    assert.deepEqual(cuda, { decoder: 'cuda', problem: 'no answer within 5 s' });
  });

  test('a camera with "auto" decodes in software where no hardware works', withoutGpu, async () => {
    await using camera = await watchCamera({ url, hwaccel: 'auto' });
    await camera.moreFrames(1);
    const [state] = camera.states;
    assert.ok(state?.state === 'streaming');
    assert.deepEqual([state.stream.decoder, state.stream.fallback], ['software', undefined]);
  });

  test('a camera that requires hardware fails without it, and never streams', withoutGpu, async () => {
    await using camera = await watchCamera({ url, hwaccel: 'cuda' });
    const state = await camera.failure('hardware-decoding-failed');
    assert.ok(state.state === 'failed');
    assert.match(state.message, /does not decode the video of this camera: Device creation failed/);
    assert.match(state.remedy, /auto or none/);
    assert.deepEqual(camera.frames, []);
  });

  test('a camera with "auto" uses hardware that decodes the test clips', async () => {
    const ffmpeg = await pretended({});
    await using camera = await watchCamera({ url, ffmpeg, hwaccel: 'auto' });
    await camera.moreFrames(2);
    const [state] = camera.states;
    assert.ok(state?.state === 'streaming');
    assert.deepEqual([state.stream.decoder, state.stream.fallback], ['cuda', undefined]);
  });

  test(
    'a camera with "auto" falls back where the hardware fails for its stream, and says so',
    withoutGpu,
    async () => {
      const ffmpeg = await pretended({ refused: 'concat' });
      await using camera = await watchCamera({ url, ffmpeg, hwaccel: 'auto' });
      await camera.moreFrames(2);
      const [state] = camera.states;
      assert.ok(state?.state === 'streaming', 'no failed state comes first');
      assert.equal(state.stream.decoder, 'software');
      assert.equal(state.stream.fallback?.code, 'hardware-decoding-failed');
      assert.match(
        state.stream.fallback?.message ?? '',
        /in software, because the hardware failed \(cuda\): /,
      );
      assert.ok(camera.log.some((line) => line.includes('falls back to decoding in software')));
    },
  );
});
