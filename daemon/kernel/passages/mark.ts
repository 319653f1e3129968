import type { MarkedAs, MarkNotice } from '../events/notice.js';
import type { CameraId, PassageId, PersonId, RecogniserId } from '../ids.js';

/** What an operator said about a passage, or about a person whom the box missed altogether. */
export type Mark = Omit<MarkNotice, 'kind'>;

/** One that was not taken back. */
export type StandingMark = Mark & { readonly was: MarkedAs };

/** The person for whom the box took another person; undefined if it took no person for another. */
export function falselyMatched({ was, personId, decided }: Mark): PersonId | undefined {
  const matched = decided?.personId;
  return was === 'person' && personId === matched ? undefined : matched;
}

/** The person who was there and whom the box did not recognise; undefined if it missed no enrolled person. */
export function missedPerson({ personId, decided }: Mark): PersonId | undefined {
  return personId === decided?.personId ? undefined : personId;
}

/** The marks that count: of several about one passage, the last, unless that takes back what was said. In the order of time. */
export function lastMarks(marks: readonly Mark[]): readonly StandingMark[] {
  const last = new Map(marks.map((mark, index) => [mark.decided?.passageId ?? index, mark]));
  return [...last.values()].filter((mark): mark is StandingMark => mark.was !== 'taken-back');
}

/** The highest similarity at which another person was taken for a person, by this recogniser. */
export function falseMatchesOf(
  marks: readonly Mark[],
  recogniser: RecogniserId,
): ReadonlyMap<PersonId, number> {
  const highest = new Map<PersonId, number>();
  for (const { personId, similarity } of falseMatchesIn(marks, recogniser)) {
    highest.set(personId, Math.max(similarity, highest.get(personId) ?? -1));
  }
  return highest;
}

/** A passage in which another person was taken for a person. */
export interface FalseMatch {
  readonly personId: PersonId;
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  readonly similarity: number;
}

/** The false matches by this recogniser that raise the threshold of a person. */
export function falseMatchesIn(marks: readonly Mark[], recogniser: RecogniserId): readonly FalseMatch[] {
  return marks.flatMap((mark): readonly FalseMatch[] => {
    const { cameraId, decided, was } = mark;
    const personId = falselyMatched(mark);
    // An attack shows the right face: no threshold helps against it.
    if (personId === undefined || decided?.outcome === 'attack' || was === 'nobody') return [];
    if (decided?.similarity === undefined || decided.recogniser !== recogniser) return [];
    const { passageId, similarity } = decided;
    return [{ personId, passageId, cameraId, similarity }];
  });
}
