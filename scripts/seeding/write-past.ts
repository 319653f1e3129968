import sharp from 'sharp';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import { PhotoWall } from '../../daemon/core/cameras/photo-wall.js';
import { openStores, type Stores } from '../../daemon/core/compose/stores.js';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { BoxEvent, Fact, RecordedEvent } from '../../daemon/kernel/events/event.js';
import { evidenceKindOf } from '../../daemon/kernel/events/evidence.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { openVisionLauncher } from '../../daemon/vision/open-vision-launcher.js';
import { matchPolicy } from '../../daemon/vision/operating-point.js';
import { keepClips } from './clips.js';
import { type PassageOptions, passagesOf } from './passages.js';
import { pastOf, type SeededPerson } from './past.js';
import { people } from './people.js';
import { pictureOfStranger, type StrangerVisit, visitsOfStrangers } from './strangers.js';

/** The past is the same for the same day and the same persons. */
const seed = 20260302;
/** Days before now of which attendances and attacks have pictures: a Monday morning shows those of Friday. */
const picturedDays = 3;
const dayMs = 86_400_000;

/**
 * Writes the past of a stopped box as the daemon writes it: events, passages, strangers, pictures and marks. Marks all events as
 * sent, so that none ever leaves the box. Returns the number of events.
 */
export function writePast(configPath: string, persons: readonly SeededPerson[]): Promise<number> {
  return withStores(configPath, (stores, config) => fill(stores, config, persons));
}

/** Opens the files of a stopped box as the daemon does, for `work`. */
export async function withStores<Result>(
  configPath: string,
  work: (stores: Stores, config: Config) => Promise<Result>,
): Promise<Result> {
  const loaded = await loadConfig(configPath);
  if (!loaded.ok) {
    throw operational('demo-configuration', `${configPath} is not valid`, {
      remedy: `run 'rollcall check-config --config ${configPath}'`,
    });
  }
  const { config } = loaded;
  await using lifetime = new Lifetime(systemClock);
  const stores = await openStores({
    ...{ current: () => config, lifetime, clock: systemClock, random: systemRandom, logger: silentLogger },
    photoWall: new PhotoWall(await openVisionLauncher('preferred')),
    onRecordsDamaged(error) {
      throw error;
    },
  });
  return await work(stores, config);
}

async function fill(stores: Stores, config: Config, persons: readonly SeededPerson[]): Promise<number> {
  const { records, vault, recogniser } = stores;
  const gallery = vault.gallery();
  const common: PassageOptions = {
    ...{ persons, random: seededRandom(seed), recogniser: recogniser.id },
    ...matchPolicy(config, recogniser.pack),
    ...{ localTime: localTimeOf(config.site.timeZone), nowMs: systemClock.wallMs() },
  };
  const past = pastOf(common);
  const visits = visitsOfStrangers(gallery.strangers, { ...common, dimensions: recogniser.dimensions });
  const all: readonly BoxEvent[] = [...past, ...visits.map(({ fact }) => fact)].sort(
    (one, other) => one.occurredAtMs - other.occurredAtMs,
  );
  const events = records.recordAll(all).filter(isAboutFace);
  const passages = passagesOf(events, common);
  // One transaction for all of them, as each of its own would wait for the disk.
  records.recordAll([], () => {
    for (const passage of passages) records.passages.put(passage);
  });
  const marks = marksOf(passages, common);
  records.recordAll(marks);
  const pictured = await keepPictures(gallery, { events, visits, persons, nowMs: common.nowMs });
  await keepClips(stores, config, newestOfEachKind(pictured));
  const waiting = records.outbox.pending(0, 100_000, []);
  records.outbox.acknowledge(waiting.map(({ sequence }) => sequence));
  return all.length + marks.length;
}

/** Clips are large, and a few show what there is to see. */
function newestOfEachKind(pictured: readonly Pictured[]): readonly Pictured[] {
  return [...new Map(pictured.map((each) => [each.event.kind, each])).values()];
}

type FaceEvent = Fact & RecordedEvent;

interface Pictured {
  readonly event: FaceEvent;
  readonly jpeg: Buffer;
}

const isAboutFace = (event: RecordedEvent): event is FaceEvent => 'passageId' in event;

/** What operators said: the box took a person for another one, and a picture on the wall for a face. */
function marksOf(passages: readonly Passage[], { persons, nowMs }: PassageOptions): readonly BoxEvent[] {
  const attended = passages.find(({ reason }) => reason === 'attended');
  const other = persons.find(({ id }) => id !== attended?.personId);
  const dark = passages.find(({ reason }) => reason === 'dark');
  const mark = (
    { id, cameraId, lastSeenMs, outcome, recogniser, personId, nearest: [best] }: Passage,
    said: { readonly was: 'nobody' } | { readonly was: 'person'; readonly personId: SeededPerson['id'] },
  ): BoxEvent => ({
    ...{ kind: 'mark', occurredAtMs: nowMs - 60_000, cameraId, seenAtMs: lastSeenMs },
    ...said,
    decided: {
      ...{ passageId: id, outcome, recogniser },
      ...(personId === undefined || best === undefined ? {} : { personId, similarity: best.similarity }),
    },
  });
  return [
    ...(attended && other ? [mark(attended, { was: 'person', personId: other.id })] : []),
    ...(dark ? [mark(dark, { was: 'nobody' })] : []),
  ];
}

/** Pictures of the strangers, and of the persons and attacks of the last days. Returns the events that got one, oldest first. */
async function keepPictures(
  gallery: Pick<Gallery, 'addEvidence'>,
  past: {
    readonly events: readonly FaceEvent[];
    readonly visits: readonly StrangerVisit[];
    readonly persons: readonly SeededPerson[];
    readonly nowMs: number;
  },
): Promise<readonly Pictured[]> {
  const pictured: Pictured[] = [];
  const { events, visits, persons, nowMs } = past;
  const small = new Map<string, Promise<Buffer>>();
  const shotOf = (whose: string, photograph: () => Promise<Buffer>): Promise<Buffer> => {
    const made = small.get(whose) ?? photograph().then(bestShot);
    small.set(whose, made);
    return made;
  };
  const faceOf = new Map(visits.map(({ fact, face }) => [fact.passageId, face]));
  const photographOf = new Map(persons.map(({ id }, index) => [id, people[index]?.photograph]));
  for (const event of events) {
    const { passageId, id: eventId, cameraId, occurredAtMs: takenAtMs } = event;
    const kind = evidenceKindOf(event.kind);
    if (kind === undefined) continue;
    const face = faceOf.get(passageId);
    const personId = 'personId' in event && event.personId !== null ? event.personId : undefined;
    const photograph = personId === undefined ? undefined : photographOf.get(personId);
    const about = { kind, eventId, cameraId, takenAtMs };
    if (face !== undefined) {
      const jpeg = await shotOf(`face ${face}`, () => pictureOfStranger(face));
      gallery.addEvidence({ ...about, jpeg });
      pictured.push({ event, jpeg });
    } else if (
      personId !== undefined &&
      photograph !== undefined &&
      takenAtMs > nowMs - picturedDays * dayMs
    ) {
      const jpeg = await shotOf(personId, photograph);
      gallery.addEvidence({ ...about, personId, jpeg });
      pictured.push({ event, jpeg });
    }
  }
  return pictured;
}

/** As large as the picture that the daemon keeps of a face. */
function bestShot(photograph: Buffer): Promise<Buffer> {
  return sharp(photograph).resize(160, 160).jpeg({ quality: 85 }).toBuffer();
}
