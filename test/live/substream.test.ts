import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { smallClip } from '../support/clips.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { rareVisitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

test('a person attends in the main stream, which rests before and after', {
  skip: withoutBuild || withoutMosquitto,
}, async () => {
  const clip = await rareVisitorClip('ada');
  await using appliance = await startAppliance({
    clip,
    substreamClip: await smallClip(clip, { widthPx: 480, heightPx: 270, framesPerS: 15 }),
    cameraIds: ['door'],
    enrolled: ['ada'],
  });
  const { box, personIds, events, untilEvent } = appliance;
  const counters = async () => (await box.client.call('status.show')).cameras[0]?.counters ?? {};
  let seen = await counters();
  /** Resolves when the substream was watched for a second or so, and no frame of the main stream came. */
  const rest = (): Promise<void> =>
    until('the main stream to rest', async () => {
      const now = await counters();
      if (now['delivered'] !== seen['delivered'] || seen['watched'] === undefined) seen = now;
      return (now['watched'] ?? 0) - (seen['watched'] ?? 0) >= 8;
    });
  await rest();
  const { decoderStarts = 0 } = seen;
  const last = events().at(-1)?.sequence ?? 0;
  await untilEvent(
    'Ada to attend',
    ({ sequence, kind, person }) =>
      sequence > last && kind === 'attendance' && person === personIds.get('ada'),
  );
  assert.ok(((await counters())['decoderStarts'] ?? 0) > decoderStarts);
  await rest();
});
