/*
 * Tries RTSP servers and kinds of streams as cameras, and prints two tables; scripts/platforms cameras starts it in a network of its own.
 */
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { makeCertificate } from '../../test/support/test-certificate.js';
import { readOptions } from '../options.js';
import { startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { countedPicture, makeClip } from './counted-clip.js';
import { type Limit, limits } from './limits.js';
import { startPacketWay } from './packet-way.js';
import { type ClipFormat, clipPipeline, trialServers } from './servers.js';
import { type Shape, shapes } from './shape.js';
import { addressIn, type Situation, situations, type TrialCertificate } from './situations.js';
import { type TrialResult, tryStream } from './trial.js';

const { values, positionals } = readOptions('scripts/platforms cameras [shapes | situations]', {
  allowPositionals: true,
  options: {
    ffmpeg: { type: 'string', default: 'ffmpeg' },
    live555: { type: 'string' },
    vlc: { type: 'string' },
    npm: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

const ffmpeg = await detectFfmpeg(values.ffmpeg);
const folder = mkdtempSync(join(tmpdir(), 'rollcall-camera-servers-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// VLC reads the clips as another user.
chmodSync(folder, 0o755);
const isWanted = (name: string): boolean => name.toLowerCase().includes(values.only.toLowerCase());
const reportFile = join(folder, 'ffmpeg-report');
let hasFailed = false;

/** A cell of a table. `limit`: what is known not to work. */
function cell(place: string, { verdict, detail }: TrialResult, limit?: Limit): string {
  const isKnown = limit?.verdict.test(verdict) === true;
  // A limit that is no more is a change, too.
  const isFine = limit === undefined ? verdict === 'works' : isKnown;
  hasFailed ||= !isFine;
  process.stderr.write(`${isFine ? ' ' : '!'} ${place}: ${verdict} (${detail})\n`);
  return isKnown ? limit.reason : isFine ? verdict : `**${verdict}**`;
}

async function clipOf(shape: Shape, format: ClipFormat): Promise<string> {
  const name = shape.name.replaceAll(/\W+/g, '-');
  const file = join(folder, `${name}.${fileEndings[format]}`);
  if (clips.has(file)) return file;
  const { widthPx, heightPx, fps, seconds, encoding } = shape;
  const ending = format === 'h264' || format === 'hevc' || format === 'm4v' ? ['-f', format] : [];
  await makeClip(countedPicture(widthPx, heightPx, fps, seconds), [...encoding, ...ending], file);
  clips.add(file);
  return file;
}

const clips = new Set<string>();
/** The endings by which live555 recognises raw streams. */
const fileEndings: Readonly<Record<ClipFormat, string>> = {
  mp4: 'mp4',
  mkv: 'mkv',
  h264: '264',
  hevc: '265',
  m4v: 'm4e',
};

async function shapeTable(): Promise<string[]> {
  const servers = trialServers(values);
  const rows: string[] = [];
  for (const shape of shapes.filter(({ name }) => isWanted(name))) {
    const cells: string[] = [];
    for (const server of servers) {
      const format = server.formatOf(shape);
      if (format === undefined) {
        cells.push('not served');
        continue;
      }
      await using stream = await server.serve(await clipOf(shape, format), shape);
      const address = { url: stream.url, credential: null, transport: server.transport };
      const limit = limits[shape.name]?.[server.name];
      const result = await tryStream(address, shape, { ffmpeg, reportFile });
      cells.push(cell(`${server.name}, ${shape.name}`, result, limit));
    }
    rows.push(`| ${[shape.name, ...cells].join(' | ')} |`);
  }
  if (rows.length === 0) return [];
  const heading = ['', ...servers.map(({ name }) => name)];
  return [`| ${heading.join(' | ')} |`, `|${heading.map(() => '---').join('|')}|`, ...rows];
}

function certificateFor(days: number): TrialCertificate {
  const made = makeCertificate('camera.example', days);
  const files = {
    certificate: join(folder, `certificate-${days}.pem`),
    key: join(folder, `key-${days}.pem`),
  };
  writeFileSync(files.certificate, made.certificate);
  writeFileSync(files.key, made.key);
  const fingerprint = `sha256:${new X509Certificate(readFileSync(files.certificate)).fingerprint256}`;
  return { ...files, fingerprint };
}

async function trySituation(situation: Situation): Promise<string> {
  const { expected, launch = clipPipeline, name, onTheWay, tls } = situation;
  const shape = { ...usualShape, ...(expected.startsWith('pictures') ? { problems: [expected] } : {}) };
  const certificate = tls === undefined ? undefined : certificateFor(tls === 'valid' ? 1 : -1);
  await using server = await startRtspServerProcess({
    ...{
      transport: 'tcp',
      ...situation.server,
      mounts: { '/live': { launch: launch(await clipOf(shape, 'mp4'), shape) } },
    },
    ...(certificate === undefined ? {} : { tls: certificate }),
  });
  await using way = onTheWay === undefined ? undefined : await startPacketWay(server.port, onTheWay);
  const address = addressIn(situation, way?.port ?? server.port, certificate);
  const found = await tryStream(address, shape, { ...situation, ffmpeg, reportFile });
  const verdict =
    found.verdict === expected || (shape.problems !== undefined && found.verdict === 'works')
      ? 'works'
      : found.verdict;
  const shown = cell(name, { ...found, verdict });
  return `| ${name} | ${shown === 'works' ? expected : shown} |`;
}

async function situationTable(): Promise<string[]> {
  const rows: string[] = [];
  for (const situation of situations.filter(({ name }) => isWanted(name)))
    rows.push(await trySituation(situation));
  return rows.length === 0 ? [] : ['| situation | outcome |', '|---|---|', ...rows];
}

/** Long enough for a session that ends after seconds of silence. */
const usualShape: Shape = { ...(shapes[0] as Shape), name: 'usual', seconds: 18 };

const wanted = positionals.length === 0 ? ['shapes', 'situations'] : positionals;
const tables = [
  wanted.includes('shapes') ? await shapeTable() : [],
  wanted.includes('situations') ? await situationTable() : [],
].filter(({ length }) => length > 0);
process.stdout.write(`FFmpeg ${ffmpeg.version}\n\n${tables.map((table) => table.join('\n')).join('\n\n')}\n`);
process.exitCode = hasFailed ? 1 : 0;
