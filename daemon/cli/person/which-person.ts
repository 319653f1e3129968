import type { PersonState, PersonSummary } from '../../contract/person.js';
import { personTable } from '../../contract/persons-text.js';
import type { ControlClient } from '../../core/api/client.js';
import { terminalLanguage } from '../../host/installed-languages.js';
import { isWholePersonId } from '../../kernel/ids.js';
import { simplifiedName } from '../../kernel/persons/simplified-name.js';
import { said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';
import { choose, type Terminal } from '../confirm.js';
import type { ShowTime, SiteTime } from '../site-time.js';
import { allPersons } from './all-persons.js';

/** The persons to read for a required state. */
const listed = { active: 'excluded', removed: 'only', any: 'included' } as const;

/** A shorter text is not tried as the start of an id. */
const shortestIdStart = 4;

interface WantedPerson {
  /** Required state; absent: any state. */
  readonly state?: PersonState;
  readonly show: ShowTime;
  readonly terminal?: Terminal;
}

/**
 * The persons that a text can mean. A full id means one person. The start of an id, a name and an external id are tried
 * together, so that the user chooses if they match different persons.
 */
export function findPersons(all: readonly PersonSummary[], given: string): readonly PersonSummary[] {
  const exact = all.find(({ id }) => id === given);
  if (exact !== undefined) return [exact];
  const canBeIdStart = given.length >= shortestIdStart;
  const matching = (isName: (name: string) => boolean): readonly PersonSummary[] =>
    all.filter(
      (person) =>
        (canBeIdStart && person.id.startsWith(given)) || isName(person.name) || person.externalId === given,
    );
  const exactMatches = matching((name) => name === given);
  return exactMatches.length > 0
    ? exactMatches
    : matching((name) => simplifiedName(name) === simplifiedName(given));
}

/**
 * The id of the person that a text means. Asks on the terminal if several match. A full id is returned unchanged, without
 * reading the names of all persons.
 * @throws `no-such-person` (input), and what `choose` throws
 */
export async function whichPerson(
  client: Pick<ControlClient, 'call'>,
  { given, ...wanted }: WantedPerson & { readonly given: string },
): Promise<string> {
  const [id = given] = await whichPersons(client, [given], wanted);
  return id;
}

/** The same for several texts, for which the names of all persons are read at most once. */
export async function whichPersons(
  client: Pick<ControlClient, 'call'>,
  given: readonly string[],
  wanted: WantedPerson,
): Promise<readonly string[]> {
  let all: readonly PersonSummary[] | undefined;
  const ids: string[] = [];
  for (const each of given) {
    if (!isWholePersonId(each)) all ??= await allPersons(client, listed[wanted.state ?? 'any']);
    ids.push(all === undefined || isWholePersonId(each) ? each : await personIn(all, each, wanted));
  }
  return ids;
}

async function personIn(
  all: readonly PersonSummary[],
  given: string,
  { state, show, terminal }: WantedPerson,
): Promise<string> {
  const [first, second, ...others] = findPersons(
    all.filter((person) => state === undefined || person.state === state),
    given,
  );
  if (first === undefined) {
    const remedy = said('errors/remedy-no-such-person:given');
    throw refusal(`no-such-person:${state ?? 'given'}`, { given }, { remedy });
  }
  if (second === undefined) return first.id;
  const found = [first, second, ...others] as const;
  const lines = personTable(found, { show, say: terminalLanguage().say }).split('\n');
  return (await choose({ given, what: 'person', found, lines }, terminal)).id;
}

/** The person of the option `--person`; undefined if it is absent. */
export async function personOption(
  { person: given }: { readonly person?: string },
  client: Pick<ControlClient, 'call'>,
  { show }: SiteTime,
): Promise<string | undefined> {
  return given === undefined ? undefined : await whichPerson(client, { given, show });
}
