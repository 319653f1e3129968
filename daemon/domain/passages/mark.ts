import type { MarkedAs, MarkNotice } from '../events/notice.js';
import type { PersonId, RecogniserId } from '../ids.js';

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
  for (const mark of marks) {
    const person = falselyMatched(mark);
    const similarity = mark.decided?.similarity;
    // An attack shows the right face: no threshold helps against it.
    const isFace = mark.decided?.outcome !== 'attack' && mark.was !== 'nobody';
    if (person === undefined || similarity === undefined || !isFace) continue;
    if (mark.decided?.recogniser !== recogniser) continue;
    highest.set(person, Math.max(similarity, highest.get(person) ?? -1));
  }
  return highest;
}
