import { join } from 'node:path';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { GalleryPassageSeal } from '../../daemon/core/passages/gallery-passage-seal.js';
import type { PassageSeal } from '../../daemon/core/passages/passage-seal.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { operational } from '../../daemon/kernel/errors.js';
import { cameraId, eventId, passageId, personId, recogniserId, trackId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { box } from './published-box.js';

/** A Monday, 07:00 UTC. */
export const passageEpochMs = Date.UTC(2026, 2, 2, 7);

/** The id of the passage with this number, as a UUIDv7 would read. */
export const passageIdOf = (number: number) =>
  passageId(`0195f000-0000-7000-8000-${String(number).padStart(12, '0')}`);

/** A passage of a recognised person. */
export function passageOf(number: number, changes: Partial<Passage> = {}): Passage {
  const person = personId('p-ada');
  return {
    id: passageIdOf(number),
    cameraId: cameraId('gate'),
    trackId: trackId(`t-${number}`),
    startedAtMs: passageEpochMs + number * 1000,
    lastSeenMs: passageEpochMs + number * 1000 + 800,
    end: 'left',
    outcome: 'attended',
    reason: 'attended',
    views: { count: 12, embedded: 3, faults: { blurred: 2 } },
    recogniser: recogniserId('test-recogniser-1'),
    threshold: 0.4,
    margin: 0.05,
    nearest: [
      { personId: person, similarity: 0.87, threshold: 0.4 },
      { personId: personId('p-grace'), similarity: 0.31, threshold: 0.42 },
    ],
    personId: person,
    liveness: {
      ...{ require: 'blink', verdict: 'live', reason: 'blinked' },
      ...{ blinkCount: 1, observedS: 2.1, frameCount: 31 },
    },
    events: [eventId('0195f000-0000-7000-9000-000000000001')],
    ...changes,
  };
}

/** A vault whose gallery can be sealed and replaced. */
export class SettableVault {
  present: Gallery | undefined;

  constructor(present?: Gallery) {
    this.present = present;
  }

  get isOpen(): boolean {
    return this.present !== undefined;
  }

  gallery(): Gallery {
    if (this.present !== undefined) return this.present;
    throw operational('gallery-sealed', 'the gallery is sealed', { remedy: 'unlock it', retryable: true });
  }
}

/** Seals with the keys of a gallery, and tags under the audit keys of these bytes, the one in use first. */
export function sealOf(
  vault: Pick<SettableVault, 'isOpen' | 'gallery'>,
  first = 0xa0,
  ...former: readonly number[]
): GalleryPassageSeal {
  const keyOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
  return new GalleryPassageSeal(vault, { all: [keyOf(first), ...former.map(keyOf)] });
}

export function openPassageRecords(directory: string, clock: Clock, passageSeal: PassageSeal): RecordStores {
  return openRecordStores({
    ...{ path: join(directory, 'records.db'), clock, random: systemRandom, passageSeal },
    encode: (event) => encodeEvent(event, box, {}),
  });
}
