import { markData } from '../../contract/events/notice-data.js';
import { cameraId, type PassageId, passageId, personId, recogniserId } from '../../kernel/ids.js';
import { lastMarks, type Mark, type StandingMark } from '../../kernel/passages/mark.js';
import type { Records } from '../records/records.js';
import type { StoredEvent } from '../records/stored-event.js';
import { dataOf } from './event-content.js';

/** More than operators mark in a year. */
const mostMarks = 10_000;

/** What operators said of passages, oldest first; of several marks of one passage the last. */
export function recordedMarks(records: Pick<Records, 'newestOf'>): readonly StandingMark[] {
  return lastMarks(marksIn(newestMarks(records)));
}

/** Everything that operators said of one passage, oldest first. Only what names the passage is parsed: a page asks for each passage. */
export function marksOf(records: Pick<Records, 'newestOf'>, id: PassageId): readonly Mark[] {
  const named = newestMarks(records).filter(({ payload }) => Buffer.from(payload).includes(id));
  return marksIn(named).filter(({ decided }) => decided?.passageId === id);
}

const newestMarks = (records: Pick<Records, 'newestOf'>): readonly StoredEvent[] =>
  records.newestOf('mark', mostMarks);

/** The id of the event that says last what a passage was. */
export const lastMarkEventOf = (records: Pick<Records, 'newestOf'>, id: PassageId): string | undefined =>
  newestMarks(records).findLast((event) => markOf(event)?.decided?.passageId === id)?.id;

const marksIn = (events: readonly StoredEvent[]): readonly Mark[] =>
  events.flatMap((event) => markOf(event) ?? []);

/** Undefined for an event whose content cannot be read. */
function markOf({ payload, occurredAtMs }: StoredEvent): Mark | undefined {
  const found = markData.safeParse(dataOf(payload));
  if (!found.success) return undefined;
  const { camera, seenAt, was, person, passage, decided } = found.data;
  return {
    ...{ occurredAtMs, cameraId: cameraId(camera), seenAtMs: Date.parse(seenAt), was },
    ...(person === undefined ? {} : { personId: personId(person) }),
    ...(passage === undefined || decided === undefined ? {} : { decided: decisionOf(passage, decided) }),
  };
}

function decisionOf(
  passage: string,
  { outcome, person, similarity, recogniser }: NonNullable<ReturnType<typeof markData.parse>['decided']>,
): NonNullable<Mark['decided']> {
  return {
    ...{ passageId: passageId(passage), outcome, recogniser: recogniserId(recogniser) },
    ...(person === undefined ? {} : { personId: personId(person) }),
    ...(similarity === undefined ? {} : { similarity }),
  };
}
