import { badInput } from '../../base/errors.js';
import type { ControlClient } from '../../control/client.js';
import type { PersonClient } from '../../control/person-client.js';
import type { PersonState, PersonSummary } from '../../control/person-control.js';
import { isWholePersonId } from '../../domain/ids.js';
import { choose, type Terminal } from '../confirm.js';
import type { ShowTime, SiteTime } from '../site-time.js';
import { personTable } from './person-text.js';

/** What can be written for a person, for the help. */
export const personForms = 'id, the beginning of an id, name or external id of the person';

/** Shorter beginnings of an id are taken for a name. */
const shortestBeginning = 4;

/** Who is looked for. */
export interface WantedPerson {
  readonly given: string;
  /** State that the person must have; absent: any. */
  readonly state?: PersonState;
  readonly show: ShowTime;
  readonly terminal?: Terminal;
}

const alike = (text: string): string => text.normalize('NFC').trim().toLowerCase();

/**
 * Whom a text can mean, of those given. A whole id means that person only. A beginning of an id, a name and an external id
 * are looked for together: where they lead to different persons, a person has to choose.
 */
export function personsCalled(all: readonly PersonSummary[], given: string): readonly PersonSummary[] {
  const exact = all.find(({ id }) => id === given);
  if (exact !== undefined) return [exact];
  const isBeginning = given.length >= shortestBeginning;
  const matching = (name: (text: string) => boolean): readonly PersonSummary[] =>
    all.filter(
      (person) =>
        (isBeginning && person.id.startsWith(given)) || name(person.name) || person.externalId === given,
    );
  const asWritten = matching((name) => name === given);
  return asWritten.length > 0 ? asWritten : matching((name) => alike(name) === alike(given));
}

/**
 * The id of the person that a text means; a terminal is asked where that is several. A whole id is taken as it is, so that
 * no names are read for it.
 * @throws `no-such-person` (input), and what `choose` throws
 */
export async function whichPerson(persons: PersonClient, wanted: WantedPerson): Promise<string> {
  const { given, state, show, terminal } = wanted;
  if (isWholePersonId(given)) return given;
  const all = await persons.list({ isRemovedIncluded: state !== 'active' });
  const [first, second, ...others] = personsCalled(
    all.filter((person) => state === undefined || person.state === state),
    given,
  );
  if (first === undefined) {
    const what = state === undefined ? 'person' : `${state} person`;
    const message = `No ${what} has the id, the name or the external id "${given}"`;
    throw badInput('no-such-person', message, { remedy: "Run 'rollcall person list --removed' to see all." });
  }
  if (second === undefined) return first.id;
  const found = [first, second, ...others] as const;
  const lines = personTable(found, show).split('\n');
  return (await choose({ given, what: 'person', found, lines }, terminal)).id;
}

/** The same for the option `--person`; undefined where it is not given. */
export async function personIn(
  { person: given }: { readonly person?: string },
  { persons }: ControlClient,
  { show }: SiteTime,
): Promise<string | undefined> {
  return given === undefined ? undefined : await whichPerson(persons, { given, show });
}
