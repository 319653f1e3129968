import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../contract/settings/schema.js';
import { openAuditKey } from '../core/audit/audit-key.js';
import { type GalleryFile, openGalleryFile } from '../core/gallery/gallery-file.js';
import { makeKeyProviders } from '../core/gallery/keys/key-providers.js';
import { type GalleryRecogniser, galleryRecogniser } from '../core/gallery/re-embedding/re-embed-switch.js';
import { unlockGallery } from '../core/gallery/unlock-gallery.js';
import type { Decider } from '../core/sightings/decider.js';
import type { SearchGallery } from '../core/sightings/gallery-search.js';
import { explainReading } from '../host/file-access.js';
import { exitCodes, printLine, runAction } from '../host/output.js';
import { wipe } from '../host/sodium.js';
import { systemClock as clock } from '../host/system-clock.js';
import { currentUser, describeUser, findUser } from '../host/system-user.js';
import { badInput, isRollcallError, operational } from '../kernel/errors.js';
import { Lifetime } from '../kernel/lifetime.js';
import { silentLogger } from '../kernel/logger.js';
import { VirtualClock } from '../kernel/virtual-clock.js';
import { type ReplayStep, replayClip } from '../vision/replay-clip.js';
import type { TrackedView } from '../vision/stage-event.js';
import {
  memoryDecider,
  type OpenEngines,
  openEngines,
  openReplaySetup,
  type ReplaySetup,
} from './replay-setup.js';
import { type TranscriptLine, transcribe } from './replay-transcript.js';
import { countsText, summarise, TrackRecorder } from './track-record.js';
import { TrackStrips } from './track-strip.js';

interface ReplayOptions {
  readonly fps?: number;
  readonly speed: 'max' | 'real';
  readonly config?: string;
  readonly camera?: string;
  readonly gallery?: string | true;
  readonly pictures?: string;
  readonly json?: boolean;
}

/** Parses a rate of analysis in frames per second. */
export function parseFps(text: string): number {
  const fps = Number(text);
  if (Number.isFinite(fps) && fps >= 1 && fps <= 60) return fps;
  throw new InvalidArgumentError('must be a number of frames per second from 1 to 60');
}

export function registerReplay(program: Command, open: OpenEngines = openEngines): void {
  program
    .command('replay')
    .argument('<file>', 'a video as MP4, MOV, Matroska, WebM, AVI, MPEG-TS or MPEG')
    .description(
      'analyse a clip like the stream of a camera, with the time of the clip; needs no daemon and no network',
    )
    .option('--fps <rate>', 'frames to analyse per second; default: the rates of the camera', parseFps)
    .addOption(
      new Option('--speed <speed>', 'max: as fast as possible; real: at the speed of the clip')
        .choices(['max', 'real'])
        .default('max'),
    )
    .option('-c, --config <file>', 'use the settings of this configuration; default: default settings')
    .option('--camera <id>', 'use rates, smallest face and direction of this camera in the configuration')
    .option(
      '--gallery [file]',
      'recognise persons of a gallery: this file, or the gallery of the configuration; uses the configured key',
    )
    .option(
      '--pictures <dir>',
      'write a strip of pictures for every track. These are PICTURES OF PEOPLE: only you can read them; delete them when you no longer need them',
    )
    .option('--json', 'print one JSON object per line instead of text')
    .action((file: string, options: ReplayOptions) =>
      runAction(options.json === true, async () => {
        await replay(file, options, open);
        return exitCodes.done;
      }),
    );
}

async function replay(path: string, options: ReplayOptions, open: OpenEngines): Promise<void> {
  // Opened before the analysis, so that an unusable folder fails immediately.
  const strips = options.pictures === undefined ? undefined : await TrackStrips.open(options.pictures);
  await using lifetime = new Lifetime(clock);
  const { fps, config: configPath, camera: cameraId, speed } = options;
  let file: GalleryFile | undefined;
  const openGallery = async (config: Config): Promise<GalleryRecogniser | undefined> => {
    file = await openGalleryOf(options, config, lifetime);
    return file === undefined ? undefined : galleryRecogniser(file.database);
  };
  const setup = await openReplaySetup({ configPath, cameraId, fps, openGallery }, lifetime, open);
  const search = await openSearch(file, setup, lifetime);
  const { camera, analyser, ffmpeg, liveness, match } = setup;
  // The time of the clip decides when a stranger is forgotten, at any speed of the replay.
  const clipClock = new VirtualClock();
  const decider = memoryDecider(setup, { search, policy: match, clock: clipClock });
  const recorders = { recorder: new TrackRecorder(), strips };
  const onView = (view: TrackedView): void => {
    recorders.recorder.onView(view);
    strips?.onView(view);
  };
  const sameFaceThreshold = match.threshold;
  const clip = { path, camera, analyser, ffmpeg, liveness, sameFaceThreshold, clock, speed, onView };
  for await (const step of replayClip(clip)) {
    clipClock.advanceTo(step.atMs);
    for await (const line of linesOf(step, decider, recorders)) {
      if (options.json === true) printLine(line);
      else process.stdout.write(`${describeLine(line)}\n`);
    }
  }
}

/** The lines of one step. When a track has ended, its summary follows, and its strip of pictures is written. */
async function* linesOf(
  step: ReplayStep,
  decider: Decider,
  { recorder, strips }: { readonly recorder: TrackRecorder; readonly strips: TrackStrips | undefined },
): AsyncGenerator<TranscriptLine, void, void> {
  for (const event of step.events) {
    recorder.addEvent(event);
    if (event.type === 'blink') strips?.markBlink(event.trackId, event.blink.atMs);
  }
  for (const line of await transcribe(step, decider)) {
    yield line;
    recorder.addLine(line);
    if (line.type !== 'track.ended') continue;
    const record = recorder.of(line.track);
    const summary = summarise(record, line.t);
    yield summary;
    await strips?.write(record, summaryText(summary));
    recorder.forget(line.track);
  }
}

/** Undefined without the option `--gallery`. */
async function openGalleryOf(
  { gallery, config: configPath }: ReplayOptions,
  config: Config,
  lifetime: Lifetime,
): Promise<GalleryFile | undefined> {
  if (gallery === undefined) return undefined;
  if (configPath === undefined) {
    throw badInput('gallery-without-config', '--gallery needs --config', {
      remedy: 'Add --config FILE: the configuration names the key of the gallery.',
    });
  }
  const path = gallery === true ? config.gallery.path : gallery;
  await refuseMissing(path);
  await refuseForeign(path);
  const audit = await openAuditKey({ secretsDirectory: config.secretsDir, dataDir: config.dataDir });
  lifetime.defer('audit key', () => wipe(audit.key));
  return lifetime.use('gallery file', await openUnused(path, audit.key));
}

async function openSearch(
  file: GalleryFile | undefined,
  { config, recogniser }: ReplaySetup,
  lifetime: Lifetime,
): Promise<SearchGallery> {
  if (file === undefined) return () => Promise.resolve([]);
  const providers = makeKeyProviders({
    clock,
    secretName: config.gallery.key,
    credentials: { secretsDirectory: config.secretsDir },
    workDirectory: dirname(config.control.socketPath),
  });
  const by = { actor: `uid:${process.getuid?.() ?? 'unknown'}`, origin: 'replay' };
  const { id, dimensions } = recogniser;
  const unlock = { file, providers, input: {}, recogniser: id, dimensions, by, clock, logger: silentLogger };
  const result = await unlockGallery(unlock);
  if (result.outcome === 'sealed') {
    const remedy =
      result.code === 'key-missing'
        ? 'Commands cannot read a key that is a systemd credential of the service: replay without --gallery, or put a copy of the key into a file in secretsDir during the replay.'
        : result.remedy;
    throw operational('gallery-sealed', `the gallery is sealed: ${result.message}`, { remedy });
  }
  const opened = lifetime.use('gallery', result.gallery);
  return (embedding, { count }) => opened.nearest(embedding, { count });
}

/** @throws what `openGalleryFile` throws; `gallery-in-use` gets a remedy for replays */
async function openUnused(path: string, auditKey: Uint8Array): Promise<GalleryFile> {
  try {
    return await openGalleryFile({ path, auditKey, clock });
  } catch (error) {
    if (!isRollcallError(error, 'gallery-in-use')) throw error;
    throw operational(error.code, error.message, {
      remedy: 'Stop the daemon during the replay, or give a copy of the gallery with --gallery FILE.',
      cause: error,
    });
  }
}

/** Opening a gallery writes files beside it. Files of another user, even root, would stop the daemon from opening the gallery. */
async function refuseForeign(path: string): Promise<void> {
  const { uid } = await stat(path);
  const user = currentUser();
  if (uid === user.uid) return;
  const owner = (await findUser(uid)) ?? { uid };
  throw badInput(
    'gallery-of-another-user',
    `the gallery ${path} belongs to the user ${describeUser(owner)}, and this command runs as the user ${describeUser(user)}`,
    {
      remedy: `Run the command as the owner: sudo -u ${owner.name ?? `#${uid}`} rollcall replay …; do not change the owner of the files.`,
      details: { path, uid },
    },
  );
}

/** Opening a gallery creates a missing file; a replay must not. */
async function refuseMissing(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    throw badInput('gallery-missing', `the gallery ${path} cannot be read: ${explainReading(error).reason}`, {
      remedy: 'Check the path; "rollcall person add" enrols persons.',
      cause: error,
    });
  }
}

/** A transcript line as text: time, type, track, details. */
function describeLine({ t, type, track, ...details }: TranscriptLine): string {
  return `${t.toFixed(2).padStart(8)} s  ${type.padEnd(13)} ${track.padEnd(4)} ${detailTexts(details).join(', ')}`;
}

function detailTexts(details: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(details).map(([name, value]) => `${name} ${valueText(value)}`);
}

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) {
    return value.length === 0 ? 'none' : value.join(' ');
  }
  if (!isCounts(value)) return JSON.stringify(value);
  return Object.keys(value).length === 0 ? 'none' : `(${countsText(value)})`;
}

function isCounts(value: object): value is Readonly<Record<string, number>> {
  return !Array.isArray(value) && Object.values(value).every((each) => typeof each === 'number');
}

/** The summary of a track, in the lines above its pictures. */
function summaryText({
  t: _,
  type: __,
  track: ___,
  looks,
  poorLooks,
  eyesLeftOut,
  lidsLowered,
  ...verdict
}: TranscriptLine) {
  return [
    detailTexts(verdict).join(', '),
    detailTexts({ looks, poorLooks, eyesLeftOut, lidsLowered }).join(', '),
  ];
}
