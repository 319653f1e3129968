import { join } from 'node:path';
import sharp from 'sharp';
import { type ClipsConfig, configSchema } from '../../daemon/contract/settings/schema.js';
import type { ClipTakenOutcome } from '../../daemon/contract/vision/vision-answers.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import type { CheckingKey } from '../../daemon/core/identity/message-checker.js';
import { ClipFiles } from '../../daemon/core/passages/clip-files.js';
import { PassageClips } from '../../daemon/core/passages/passage-clips.js';
import type { PassageSeal } from '../../daemon/core/passages/passage-seal.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { overlapMs } from './identity-fixture.js';
import { box } from './published-box.js';

type Taken = Extract<ClipTakenOutcome, { outcome: 'ok' }>;

/** What a test changes of the box. */
export interface ClipBox {
  readonly clips: PassageClips;
  readonly folder: string;
  /** Trusts the box. */
  readonly keys: ReadonlyMap<string, CheckingKey>;
  settings: ClipsConfig;
  takeClip: (time: { readonly fromMs: number; readonly untilMs: number }) => Promise<ClipTakenOutcome>;
  hasRoom: boolean;
  readonly clock: VirtualClock;
  /** Lets the time of the clips come, and waits for them. */
  finish(): Promise<void>;
}

/** A small JPEG of one colour. */
export function plainJpeg(level: number): Promise<Buffer> {
  const background = { r: level, g: level, b: level };
  return sharp({ create: { width: 32, height: 18, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** Frames five times a second, each of another colour, as a vision process hands them over. */
export async function framesBetween({
  fromMs,
  untilMs,
}: {
  readonly fromMs: number;
  readonly untilMs: number;
}): Promise<Taken> {
  const times: number[] = [];
  for (let atMs = fromMs + 20; atMs <= untilMs; atMs += 200) times.push(atMs);
  const jpegs = await Promise.all(times.map((_, index) => plainJpeg(index * 4)));
  return {
    outcome: 'ok',
    frames: jpegs.map((jpeg, index) => ({ capturedAtMs: times[index] ?? 0, bytes: jpeg.length })),
    picture: Buffer.concat(jpegs),
  };
}

/** Clips of real records, with real files and a real key of the box. The caller disposes `clips` before the records. */
export async function openClipBox({
  directory,
  records,
  seal,
  clock,
  settings = {},
}: {
  readonly directory: string;
  readonly records: RecordStores;
  readonly seal: PassageSeal;
  readonly clock: VirtualClock;
  readonly settings?: Partial<ClipsConfig>;
}): Promise<ClipBox> {
  const places = { secretsDirectory: directory, dataDir: directory };
  const identity = await IdentityKeys.open({ places, clock, overlapMs });
  const { keyId, verifying } = identity.state.current;
  const folder = join(directory, 'clips');
  const opened: ClipBox = {
    folder,
    keys: new Map([[keyId, { key: { kty: 'OKP', crv: 'Ed25519', x: verifying } }]]),
    settings: { ...configSchema.parse({ site: { id: 'site', timeZone: 'UTC' } }).clips, ...settings },
    takeClip: framesBetween,
    hasRoom: true,
    clock,
    clips: new PassageClips({
      ...{ records, seal, clock, from: box, logger: silentLogger },
      files: new ClipFiles(folder),
      signer: () => identity.current(),
      settings: () => opened.settings,
      masksOf: () => 2,
      takeClip: (_, time) => opened.takeClip(time),
      hasRoom: async () => opened.hasRoom,
    }),
    async finish() {
      clock.advanceBy(30_000);
      await opened.clips.settled();
    },
  };
  return opened;
}
