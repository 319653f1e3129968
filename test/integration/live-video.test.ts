import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type LiveVideoPart, liveVideoPart } from '../../daemon/contract/live.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { CameraCredential } from '../../daemon/vision/ingest/camera-address.js';
import { Mp4Fragments } from '../../daemon/vision/ingest/mp4-fragments.js';
import type { Viewer } from '../../daemon/vision/live/live-pictures.js';
import { LiveVideo } from '../../daemon/vision/live/live-video.js';
import { testClip, uniformClip } from '../support/clips.js';
import { startRtspServer, type TestRtspServer } from '../support/rtsp-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { sourceOptions } from '../support/watched-camera.js';

const run = promisify(execFile);

interface Watching extends Viewer {
  /** The MP4 of each message. */
  readonly got: Buffer[];
  readonly said: LiveVideoPart[];
  readonly state: { isEnded: boolean };
}

/** A viewer who takes everything, or nothing after so many messages. */
function viewer(takesAtMost = Number.POSITIVE_INFINITY): Watching {
  const got: Buffer[] = [];
  const said: LiveVideoPart[] = [];
  const state = { isEnded: false };
  return {
    ...{ got, said, state },
    take(message) {
      if (got.length >= takesAtMost) return false;
      const end = 8 + message.readUInt32BE(4);
      said.push(liveVideoPart.parse(JSON.parse(message.toString('utf8', 8, end))));
      got.push(message.subarray(end));
      return true;
    },
    end: () => {
      state.isEnded = true;
    },
  };
}

const allOf = ({ got }: Watching): Buffer => Buffer.concat(got);

/** What FFmpeg, which did not write these bytes in one go, reads in them: the codec, and whether each packet is a key frame. */
async function inspect(mp4: Buffer): Promise<{ readonly codec: string; readonly keys: readonly boolean[] }> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'video.mp4');
  await writeFile(path, mp4);
  const wanted = ['-show_entries', 'stream=codec_name:packet=flags', '-of', 'json'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...wanted, path]);
  const { streams, packets } = JSON.parse(stdout) as {
    readonly streams: readonly { readonly codec_name: string }[];
    readonly packets: readonly { readonly flags: string }[];
  };
  return { codec: streams[0]?.codec_name ?? '', keys: packets.map(({ flags }) => flags.startsWith('K')) };
}

const openVideo = async (
  server: TestRtspServer,
  mount: string,
  codec: string,
  credential: CameraCredential | null = null,
): Promise<LiveVideo> => {
  const url = server.url(mount);
  const address = { url, credential, transport: 'tcp' } as const;
  return new LiveVideo(await sourceOptions({ url, address }, silentLogger), () => codec);
};

const playsOf = ({ events }: TestRtspServer, mount: string): number =>
  events.filter((each) => each.event === 'play' && each.mount === mount).length;

describe('the video of a camera', () => {
  test('goes to all viewers from one more stream, which each begins with a key frame', async () => {
    await using server = await startRtspServer({ mounts: { '/door': await testClip() } });
    await using video = await openVideo(server, '/door', 'h264');
    const first = viewer();
    const leaveFirst = video.add(first);
    await until('the video', () => first.got.length > 3);
    const late = viewer();
    const leaveLate = video.add(late);
    const slow = viewer(3);
    video.add(slow);
    await until('the video of the others', () => late.got.length > 12 && slow.state.isEnded);
    assert.equal(playsOf(server, '/door'), 1);
    assert.deepEqual([first.state.isEnded, late.state.isEnded], [false, false]);
    for (const each of [first, late]) {
      const [{ mediaType } = {}, ...parts] = each.said;
      assert.match(mediaType ?? '', /^video\/mp4; codecs="avc1\.42C0[0-9A-F]{2}"$/);
      assert.ok(parts.every((part) => part.mediaType === undefined));
      const { codec, keys } = await inspect(allOf(each));
      assert.equal(codec, 'h264');
      assert.equal(keys[0], true);
      assert.ok(keys.includes(false));
    }
    const again = new Mp4Fragments();
    const bytes = allOf(first);
    const pieces = [];
    for (let at = 0; at < bytes.length; at += 777) pieces.push(...again.push(bytes.subarray(at, at + 777)));
    assert.deepEqual(
      pieces.map((piece) => piece.bytes.length),
      first.got.map(({ length }) => length),
    );
    leaveFirst();
    leaveLate();
    await until('the end of the stream', () => server.events.some(({ event }) => event === 'teardown'));
    const next = viewer();
    video.add(next);
    await until('the video again', () => next.got.length > 2);
    assert.equal(playsOf(server, '/door'), 2);
    await video[Symbol.asyncDispose]();
    const tooLate = viewer();
    video.add(tooLate);
    assert.deepEqual([next.state.isEnded, tooLate.state.isEnded], [true, true]);
  });

  test('needs the login of the camera, tells browsers its codec, and ends where they have none for it', async () => {
    const login = { user: 'watcher', password: 'a b@c' };
    const mounts = {
      '/hevc': await testClip({ codec: 'hevc' }),
      '/mjpeg': await uniformClip('gray', { seconds: 4 }),
    };
    await using server = await startRtspServer({ mounts, auth: login });
    await using hevc = await openVideo(server, '/hevc', 'hevc', login);
    await using mjpeg = await openVideo(server, '/mjpeg', 'mjpeg', login);
    await using refused = await openVideo(server, '/hevc', 'hevc');
    const [shown, unshown, stranger] = [viewer(), viewer(), viewer()];
    hevc.add(shown);
    mjpeg.add(unshown);
    refused.add(stranger);
    await until('the video', () => shown.got.length > 3);
    await until('the ends', () => unshown.state.isEnded && stranger.state.isEnded);
    assert.deepEqual([unshown.got.length, stranger.got.length, playsOf(server, '/mjpeg')], [0, 0, 0]);
    // Main profile, main tier; the test card is small enough for the lowest levels.
    assert.match(shown.said[0]?.mediaType ?? '', /^video\/mp4; codecs="hvc1\.1\.6\.L(?:60|63|90)\.90"$/);
    assert.equal((await inspect(allOf(shown))).codec, 'hevc');
  });

  test('is not passed on where it is something else', () => {
    const box = (type: string, content: number | Buffer = 0): Buffer => {
      const header = Buffer.alloc(8);
      const made = Buffer.concat([header, typeof content === 'number' ? Buffer.alloc(content) : content]);
      made.writeUInt32BE(made.length);
      made.write(type, 4, 'latin1');
      return made;
    };
    for (const bytes of [
      Buffer.alloc(8),
      Buffer.alloc(8, 255),
      Buffer.concat([box('ftyp'), box('moov')]),
      Buffer.concat([box('ftyp'), box('mdat')]),
      Buffer.concat([box('moof'), box('moof')]),
      Buffer.concat([box('moof'), box('mdat')]),
    ]) {
      assert.throws(() => [...new Mp4Fragments().push(bytes)], { code: 'video-unusable' });
    }
    const time = Buffer.alloc(8);
    time.writeUInt32BE(40, 4);
    const dated = box('moof', box('traf', box('tfdt', time)));
    const parts = Buffer.concat([box('sidx', 5), dated, box('mdat', 3), box('mfra')]);
    assert.deepEqual(
      [...new Mp4Fragments().push(parts)],
      [{ kind: 'part', isKey: false, timeS: 40, bytes: Buffer.concat([dated, box('mdat', 3)]) }],
    );
  });
});
