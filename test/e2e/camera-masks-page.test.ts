import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { makeBox, runProgram, withoutBuild } from '../support/box.js';
import { uniformClip } from '../support/clips.js';
import { docBlocks } from '../support/doc-blocks.js';
import { startRtspServer } from '../support/rtsp-server.js';

const blocks = docBlocks('docs/how-to/mask-parts-of-a-picture.md').map(({ text }) => text);

test('docs/how-to/mask-parts-of-a-picture.md masks a window, shows it, and removes the mask', {
  skip: withoutBuild,
}, async () => {
  await using cameras = await startRtspServer({
    mounts: { '/door': await uniformClip('white', { seconds: 20 }) },
  });
  const url = cameras.url('/door');
  // The server of the test is at the host and port of a camera that the owner configured.
  const gate = { id: 'gate', name: 'Gate', url, enabled: false };
  await using box = await makeBox({ config: { cameras: [gate] } });
  await box.start();
  await box.client.call('cameras.create', { id: 'front-door', name: 'Front door', url });
  const streams = () => box.untilCamera('front-door', 'to stream', ({ state }) => state === 'streaming');
  const [node, program] = box.commandLine();
  const reader = `cd '${box.directory}'
sudo() { "$@"; }
rollcall() { '${node}' '${program}' "$@" --config '${box.configPath}'; }
`;
  const run = async (block = ''): Promise<void> => {
    const { exitCode, stderr } = await runProgram('bash', ['-e', '-c', `${reader}${block}`]);
    assert.equal(exitCode, 0, stderr);
  };
  const [change, snapshot, remove, ...more] = blocks;
  assert.deepEqual(more, []);
  await streams();
  await run(change);
  await streams();
  const isBlackAt = async (x: number, y: number): Promise<boolean> => {
    const path = join(box.directory, 'front-door.jpg');
    const { width, height } = await sharp(path).metadata();
    const part = { left: Math.floor(x * width), top: Math.floor(y * height), width: 8, height: 8 };
    const cut = await sharp(path).extract(part).toBuffer();
    return ((await sharp(cut).stats()).channels[0]?.mean ?? 255) < 40;
  };
  await run(snapshot);
  assert.deepEqual([await isBlackAt(0.15, 0.3), await isBlackAt(0.6, 0.3)], [true, false]);
  const bad = join(box.directory, 'bad.json');
  for (const [text, reason] of [
    ['{', /cannot use the masks/],
    ['[{ "points": [] }]', /points/],
  ] as const) {
    await writeFile(bad, text);
    const refused = await box.command('camera', 'change', 'front-door', '--masks', bad);
    assert.equal(refused.exitCode, 2, refused.stderr);
    assert.match(refused.stderr, reason);
  }
  await run(remove);
  await streams();
  await rm(join(box.directory, 'front-door.jpg'));
  await run(snapshot);
  assert.equal(await isBlackAt(0.15, 0.3), false);
});
