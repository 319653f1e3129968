import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { firstLineOf } from '../../scripts/child-end.js';
import { corruptClip, garbageFile, resolutionChangeClip, testClip } from '../support/clips.js';
import { hear } from '../support/heard-child.js';
import { startRtspServer } from '../support/rtsp-server.js';

const run = promisify(execFile);

interface Seen {
  readonly times: readonly number[];
  readonly sizes: ReadonlySet<string>;
  readonly codec: string;
  readonly firstType: string;
}

/** Pulls `frames` decoded frames with ffprobe; rejects with its complaint. */
async function pull(url: string, transport: 'tcp' | 'udp', frames: number, patienceS = 5): Promise<Seen> {
  const { stdout } = await run('ffprobe', [
    ...[
      '-v',
      'error',
      '-rtsp_transport',
      transport,
      '-timeout',
      String(patienceS * 1e6),
      '-select_streams',
      'v',
    ],
    ...['-show_entries', 'frame=pts_time,pkt_dts_time,width,height,pict_type:stream=codec_name'],
    ...['-read_intervals', `%+#${frames}`, '-of', 'json', url],
  ]);
  const parsed = JSON.parse(stdout) as {
    frames: { pts_time?: string; pkt_dts_time?: string; width: number; height: number; pict_type: string }[];
    streams: { codec_name: string }[];
  };
  return {
    times: parsed.frames.map((frame) => Number(frame.pts_time ?? frame.pkt_dts_time)).filter(Number.isFinite),
    sizes: new Set(parsed.frames.map((frame) => `${frame.width}x${frame.height}`)),
    codec: parsed.streams[0]?.codec_name ?? '',
    firstType: parsed.frames[0]?.pict_type ?? '',
  };
}

/** An ffmpeg that decodes for ever; `frames(n)` resolves once n frames were decoded since it began. */
function watch(url: string) {
  const args = ['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-i', url];
  const child = spawn('ffmpeg', [...args, '-progress', 'pipe:1', '-stats_period', '0.1', '-f', 'null', '-'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { lines, ended, until } = hear(child);
  const decoded = (): number =>
    Number(lines.findLast((line) => line.startsWith('frame='))?.slice('frame='.length) ?? 0);
  return {
    ended,
    frames: (count: number) => until(`${count} decoded frames`, () => decoded() >= count),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('the RTSP server of the virtual camera', () => {
  for (const transport of ['tcp', 'udp'] as const) {
    test(`serves a clip over ${transport} beyond its end, from a key frame, without a seam`, async () => {
      const clip = await testClip({ seconds: 1 });
      await using server = await startRtspServer({ mounts: { '/door': clip }, transport });
      const seen = await pull(server.url('/door'), transport, 60);
      assert.equal(seen.firstType, 'I');
      assert.ok(seen.times.length >= 55, `${seen.times.length} frames`);
      const steps = seen.times.slice(1).map((time, index) => time - (seen.times[index] ?? 0));
      for (const step of steps) assert.ok(Math.abs(step - 0.04) < 0.005, `a step of ${step} s`);
    });
  }

  test('refuses a transport that it was not started for', async () => {
    const clip = await testClip({ seconds: 1 });
    await using server = await startRtspServer({ mounts: { '/door': clip }, transport: 'tcp' });
    await assert.rejects(pull(server.url('/door'), 'udp', 2), /461|Unsupported transport/);
  });

  test('serves several clips at once, H.264 and H.265', async () => {
    const mounts = {
      '/a': await testClip({ seconds: 1 }),
      '/b': await testClip({ seconds: 1, codec: 'hevc', widthPx: 320, heightPx: 240, container: 'mkv' }),
    };
    await using server = await startRtspServer({ mounts });
    const [a, b] = await Promise.all([pull(server.url('/a'), 'tcp', 30), pull(server.url('/b'), 'tcp', 30)]);
    assert.equal(a.codec, 'h264');
    assert.equal(b.codec, 'hevc');
    assert.deepEqual([...b.sizes], ['320x240']);
    await assert.rejects(pull(server.url('/c'), 'tcp', 1), /404/);
  });

  for (const method of ['digest', 'basic'] as const) {
    test(`admits the right password only (${method})`, async () => {
      const clip = await testClip({ seconds: 1 });
      const auth = { user: 'viewer', password: 'p@ss/word:1', method };
      await using server = await startRtspServer({ mounts: { '/door': clip }, auth });
      const seen = await pull(server.url('/door', true), 'tcp', 5);
      assert.ok(seen.times.length > 0);
      await assert.rejects(pull(server.url('/door'), 'tcp', 5), /401/);
      const wrong = server.url('/door', true).replace('viewer:', 'viewer:wrong');
      await assert.rejects(pull(wrong, 'tcp', 5), /401/);
    });
  }

  test('continues after a freeze, and on the same port after a restart', async () => {
    const clip = await testClip({ seconds: 1 });
    await using server = await startRtspServer({ mounts: { '/door': clip } });
    await using watcher = watch(server.url('/door'));
    await watcher.frames(5);
    server.freeze();
    await assert.rejects(pull(server.url('/door'), 'tcp', 1, 0.3), /timed out|invalid data/i);
    server.thaw();
    await watcher.frames(40);
    const before = server.pid;
    await server.kill('SIGKILL');
    await assert.rejects(pull(server.url('/door'), 'tcp', 2), /refused/i);
    await server.restart();
    assert.notEqual(server.pid, before);
    const seen = await pull(server.url('/door'), 'tcp', 5);
    assert.ok(seen.times.length > 0);
  });

  test('changes the picture size in mid-stream when its clip does', async () => {
    const clip = await resolutionChangeClip({ seconds: 1 }, { seconds: 1, widthPx: 1280, heightPx: 720 });
    await using server = await startRtspServer({ mounts: { '/door': clip } });
    const seen = await pull(server.url('/door'), 'tcp', 40);
    assert.deepEqual([...seen.sizes].sort(), ['1280x720', '640x360']);
  });

  test('serves damaged slices unchanged', async () => {
    const clip = await corruptClip({ seconds: 2, damagedShare: 0.5 });
    await using server = await startRtspServer({ mounts: { '/door': clip } });
    const { stderr } = await run('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-i', server.url('/door')],
      ...['-frames:v', '20', '-f', 'null', '-'],
    ]);
    assert.match(stderr, /error/i);
  });

  test('can start between key frames, so that the first picture comes with the next one', async () => {
    const clip = await testClip({ seconds: 4, keyframeIntervalS: 2 });
    await using server = await startRtspServer({ mounts: { '/door': { file: clip, startAtS: 0.5 } } });
    const { stdout } = await run('ffprobe', [
      ...['-v', 'quiet', '-rtsp_transport', 'tcp', '-read_intervals', '%+#50'],
      ...['-show_entries', 'packet=flags', '-of', 'csv=p=0', server.url('/door')],
    ]);
    const flags = stdout.split('\n').filter((line) => /^[K_]/.test(line));
    const firstKey = flags.findIndex((line) => line.startsWith('K'));
    assert.ok(firstKey > 30 && firstKey < 40, `the first key frame came after ${firstKey} packets`);
  });

  test('goes on while nobody watches if the mount is unceasing', async () => {
    const later = { seconds: 59, widthPx: 1280, heightPx: 720, keyframeIntervalS: 1 };
    const file = await resolutionChangeClip({ seconds: 1 }, later);
    const mounts = { '/door': { file, isUnceasing: true }, '/other': { file } };
    await using server = await startRtspServer({ mounts });
    const firstSizesOf = async (mount: string) => [...(await pull(server.url(mount), 'tcp', 5)).sizes];
    assert.deepEqual(await firstSizesOf('/other'), ['640x360'], 'the clip starts again for a new client');
    assert.deepEqual(await firstSizesOf('/door'), ['1280x720'], 'the clip has gone on');
  });

  test('sends nothing more on request, and keeps the connection', async () => {
    const clip = await testClip({ seconds: 1 });
    await using server = await startRtspServer({ mounts: { '/door': { file: clip, silentAfterS: 0.6 } } });
    const { stdout } = await run('ffprobe', [
      ...['-v', 'quiet', '-rtsp_transport', 'tcp', '-timeout', '1000000', '-count_packets'],
      ...['-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', server.url('/door')],
    ]);
    assert.ok(Number.parseInt(stdout, 10) <= 16, stdout);
    assert.ok(server.events.some((event) => event.event === 'play' && event.mount === '/door'));
  });

  test('names a file that it cannot serve', async () => {
    const garbage = await garbageFile();
    await assert.rejects(startRtspServer({ mounts: { '/door': garbage } }), (error: Error) =>
      error.message.includes(garbage),
    );
    await assert.rejects(startRtspServer({ mounts: { '/door': '/nowhere.mp4' } }), /nowhere/);
  });

  test('reports that a port is in use', async () => {
    const clip = await testClip({ seconds: 1 });
    await using server = await startRtspServer({ mounts: { '/door': clip } });
    await assert.rejects(
      startRtspServer({ mounts: { '/door': clip }, port: server.port }),
      /port \d+: is it in use/,
    );
  });

  test('ends when the process that started it is killed', async () => {
    const clip = await testClip({ seconds: 1 });
    const support = new URL('../support/rtsp-server.js', import.meta.url).href;
    const program = `
      const { startRtspServer } = await import(${JSON.stringify(support)});
      const server = await startRtspServer({ mounts: { '/door': ${JSON.stringify(clip)} } });
      console.log(server.url('/door'));
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await firstLineOf(parent);
    await using watcher = watch(url);
    await watcher.frames(2);
    parent.kill('SIGKILL');
    await watcher.ended;
    await assert.rejects(pull(url, 'tcp', 1), /refused/i);
  });
});
