import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { openReplaySetup } from '../../daemon/lab/replay-setup.js';
import { replayClip } from '../../daemon/vision/replay-clip.js';
import { rollcall } from '../support/box.js';
import {
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  providersOf,
  tester,
} from '../support/gallery-fixture.js';
import { sharedFile } from '../support/shared-media.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const clips = sharedFile('media/blink/liveportrait');
const clipOf = (name: string): string => join(clips.path, `${name}.mp4`);

/** The part of a clip that `range` names, as FFmpeg's input options. */
async function cut(name: string, range: readonly string[], file: string): Promise<string> {
  const encoded = ['-an', '-c:v', 'libx264', '-crf', '16', file];
  await promisify(execFile)('ffmpeg', ['-v', 'error', ...range, '-i', clipOf(name), ...encoded]);
  return file;
}

/** What the stages embed of the one person in a clip. */
async function probesOf(clip: string, lifetime: Lifetime) {
  const setup = await openReplaySetup(
    { configPath: undefined, cameraId: undefined, fps: undefined },
    lifetime,
  );
  const sameFaceThreshold = setup.match.threshold;
  const embeddings: Embedding[] = [];
  for await (const { events } of replayClip({
    path: clip,
    ...setup,
    sameFaceThreshold,
    clock,
    speed: 'max',
  })) {
    for (const event of events) {
      if (event.type === 'sighting')
        embeddings.push(...event.sighting.probes.map((probe) => probe.embedding));
    }
  }
  return { embeddings, recogniser: setup.recogniser };
}

test('a replay with the gallery of another user is refused, and no file changes its owner', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'gallery.db');
  const config = join(directory.path, 'rollcall.yaml');
  await writeFile(config, `site: { id: yard, timeZone: UTC }\ndataDir: ${directory.path}\n`);
  await writeFile(path, '');
  await chown(path, 12_345, 12_345);
  const { exitCode, stderr } = await rollcall(['replay', 'clip.mkv', '--gallery', '--config', config]);
  assert.equal(exitCode, 2, stderr);
  assert.match(stderr, /belongs to the user .*12345.*, and this command runs as the user "root" \(uid 0\)/);
  assert.match(stderr, /what to do: Run the command as the owner: sudo -u #12345 rollcall replay/);
  assert.deepEqual((await readdir(directory.path)).toSorted(), ['gallery.db', 'rollcall.yaml']);
});

test('a replay recognises an enrolled person in another clip, and records attendance once they blinked', {
  skip: clips.skip,
}, async () => {
  await using directory = await temporaryDirectory();
  const config = join(directory.path, 'rollcall.yaml');
  const path = directory.path;
  await writeFile(config, `site: { id: yard, timeZone: UTC }\ndataDir: ${path}\nsecretsDir: ${path}\n`);
  for (const secret of ['gallery-key', 'audit-key'])
    await writeFile(join(path, secret), randomBytes(32), { mode: 0o600 });
  let person: string;
  {
    await using lifetime = new Lifetime(clock);
    const { embeddings, recogniser } = await probesOf(
      await cut('s20', ['-t', '2'], join(path, 'before.mp4')),
      lifetime,
    );
    const places = { credentialsDirectory: '', secretsDirectory: path };
    const opened = await openTestGallery(
      galleryOptions(path, {
        auditKey: await readFile(join(path, 'audit-key')),
        providers: providersOf(new SecretKeyProvider('gallery-key', places)),
        recogniser: recogniser.id,
        dimensions: recogniser.dimensions,
        clock,
      }),
    );
    lifetime.use('gallery', opened);
    const photographs = embeddings.map((embedding, n) => ({ jpeg: noiseJpeg(n), embedding, quality: 0.8 }));
    person = await opened.gallery.addPerson({ profile: { name: 'A' }, photographs }, tester);
  }
  const linesOf = async (clip: string) => {
    const args = ['replay', clip, '--config', config, '--gallery', '--json'];
    const { exitCode, stdout, stderr } = await rollcall(args);
    assert.equal(exitCode, 0, stderr);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return lines as { type: string; person?: string; outcome?: string }[];
  };
  const blinking = await linesOf(await cut('s20', ['-ss', '2'], join(path, 'after.mp4')));
  const attendances = blinking.filter(({ type }) => type === 'attendance');
  assert.deepEqual(
    attendances.map((line) => line.person),
    [person],
  );
  const stranger = await linesOf(clipOf('d13'));
  assert.ok(stranger.some(({ type, outcome }) => type === 'identity' && outcome === 'no match'));
  assert.ok(!stranger.some(({ type }) => type === 'attendance'));
});
