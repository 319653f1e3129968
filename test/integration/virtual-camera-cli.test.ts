import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exitOf, firstLineOf } from '../../scripts/child-end.js';
import { testClip } from '../support/clips.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../scripts/virtual-camera/main.ts', import.meta.url));

describe('the virtual camera as a command', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-virtual-camera-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function command(
    ...args: string[]
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args]);
    const [stdout, stderr, { code }] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      exitOf(child),
    ]);
    return { code, stdout, stderr };
  }

  test('serves a clip under its own name, by TLS and with a password, and ends on SIGTERM', {
    skip: withoutOpenssl,
  }, async () => {
    const [certificate, key] = [join(directory, 'certificate'), join(directory, 'key')];
    const made = makeCertificate('localhost');
    await writeFile(certificate, made.certificate);
    await writeFile(key, made.key);
    const passwordFile = join(directory, 'password');
    await writeFile(passwordFile, 'open sesame\n');
    const clip = await testClip({ seconds: 1 });
    const args = [
      'serve',
      '--clip',
      clip,
      '--port',
      '0',
      '--user',
      'viewer',
      '--password-file',
      passwordFile,
      ...['--certificate', certificate, '--key', key],
    ];
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const url = await firstLineOf(child);
      assert.match(url, /^rtsps:\/\/127\.0\.0\.1:\d+\/h264-640x360-p1-1-25-1s-k1$/);
      const known = url.replace('rtsps://', 'rtsps://viewer:open%20sesame@');
      const inspect = ['-v', 'error', '-rtsp_transport', 'tcp', '-show_entries', 'stream=codec_name'];
      const { stdout } = await run('ffprobe', [...inspect, '-of', 'csv=p=0', known]);
      assert.equal(stdout.trim(), 'h264');
      await assert.rejects(run('ffprobe', [...inspect, url]), /401/);
    } finally {
      child.kill('SIGTERM');
    }
    assert.deepEqual(await exitOf(child), { code: 0, signal: null });
  });

  test('renders its own scenario, with the truth about its blinks', async () => {
    const scenario = {
      widthPx: 640,
      heightPx: 360,
      scenes: [{ kind: 'empty', seconds: 1 }],
    };
    const [file, out, truth] = ['s.json', 'out.mp4', 'truth.json'].map((name) => join(directory, name));
    assert.ok(file !== undefined && out !== undefined && truth !== undefined);
    await writeFile(file, JSON.stringify(scenario));
    const { code, stderr } = await command('render', '--scenario', file, '--out', out, '--truth', truth);
    assert.equal(code, 0, stderr);
    const inspect = ['-v', 'error', '-count_packets', '-show_entries', 'stream=nb_read_packets,width,height'];
    const { stdout } = await run('ffprobe', [...inspect, '-of', 'csv=p=0', out]);
    assert.equal(stdout.trim(), '640,360,25');
  });

  const refused = [
    { what: 'a login without a password', args: ['serve', '--user', 'viewer'], says: /--password-file/ },
    { what: 'a certificate without its key', args: ['serve', '--certificate', 'a.pem'], says: /--key/ },
    { what: 'a port that is none', args: ['serve', '--port', '70000'], says: /0 to 65535/ },
    { what: 'a clip that does not exist', args: ['serve', '--clip', '/nowhere.mp4'], says: /nowhere\.mp4/ },
    {
      what: 'a scenario that does not exist',
      args: ['render', '--scenario', '/nowhere.json', '--out', '/nowhere.mp4'],
      says: /nowhere\.json/,
    },
  ];
  for (const { what, args, says } of refused) {
    test(`refuses ${what} with exit code 2 and says why`, async () => {
      const { code, stderr } = await command(...args);
      assert.equal(code, 2);
      assert.match(stderr, says);
      assert.match(stderr, /what to do/);
    });
  }
});

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk.toString();
  return all;
}
