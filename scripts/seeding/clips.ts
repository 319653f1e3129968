import { join } from 'node:path';
import sharp from 'sharp';
import type { Config } from '../../daemon/contract/settings/schema.js';
import type { Stores } from '../../daemon/core/compose/stores.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { clipArchive } from '../../daemon/core/passages/clip-archive.js';
import { ClipFiles } from '../../daemon/core/passages/clip-files.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Fact, RecordedEvent } from '../../daemon/kernel/events/event.js';
import { clipFps } from '../../daemon/kernel/passages/clip.js';

/** As `clips.beforeS` and `clips.afterS` have it. */
const [beforeMs, afterMs] = [5_000, 3_000];
const [widthPx, heightPx] = [640, 360];

interface PicturedEvent {
  readonly event: Fact & RecordedEvent;
  /** The face in the clip. */
  readonly jpeg: Buffer;
}

/** Keeps a clip of each of these events: a portrait that moves through the picture. */
export async function keepClips(
  { records, passageSeal, identity }: Pick<Stores, 'records' | 'passageSeal' | 'identity'>,
  { dataDir, secretsDir }: Pick<Config, 'dataDir' | 'secretsDir'>,
  events: readonly PicturedEvent[],
): Promise<void> {
  const places = { secretsDirectory: secretsDir, dataDir };
  using keys = await IdentityKeys.open({ places, clock: systemClock, overlapMs: 0 });
  const files = new ClipFiles(join(dataDir, 'clips'));
  for (const { event, jpeg } of events) {
    const { id: eventId, passageId, cameraId, occurredAtMs, kind } = event;
    const startedAtMs = records.passages.find(passageId)?.passage?.startedAtMs;
    const [fromMs, untilMs] = [occurredAtMs - beforeMs, occurredAtMs + afterMs];
    const isNew = records.clips.begin({ passageId, eventId, fromMs, untilMs });
    if (startedAtMs === undefined || !isNew) continue;
    const frames = await framesOf(jpeg, fromMs, untilMs);
    const archive = await clipArchive(
      {
        ...{ site: identity.siteId, box: identity.boxId, camera: cameraId, passage: passageId },
        ...{ event: eventId, kind, eventAt: new Date(occurredAtMs).toISOString(), masks: 0 },
      },
      frames,
      keys.current(),
    );
    const { file, key } = await files.write(archive);
    const clip = { passageId, fromMs, untilMs, isShort: false };
    const sealed = passageSeal.sealClipKey({ ...clip, cameraId, eventId, startedAtMs, file }, key);
    records.clips.keep({ ...clip, frameCount: frames.length, bytes: archive.length }, { file, ...sealed });
  }
}

async function framesOf(jpeg: Buffer, fromMs: number, untilMs: number) {
  const face = await sharp(jpeg).resize(180, 225, { fit: 'cover' }).toBuffer();
  const count = Math.floor(((untilMs - fromMs) / 1000) * clipFps) + 1;
  const frame = async (index: number) => ({
    capturedAtMs: fromMs + (index * 1000) / clipFps,
    jpeg: await sharp({
      create: { width: widthPx, height: heightPx, channels: 3, background: '#8a949c' },
    })
      .composite([{ input: face, left: Math.round(((widthPx - 180) * index) / (count - 1)), top: 110 }])
      .jpeg({ quality: 70 })
      .toBuffer(),
  });
  return Promise.all(Array.from({ length: count }, (_, index) => frame(index)));
}
