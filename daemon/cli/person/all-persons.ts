import type { PersonSummary } from '../../contract/person.js';
import type { ControlClient } from '../../control/client.js';

/** Persons on a page: few requests for a large gallery, and some 10 ms of work for each. */
const pageSize = 500;

/** All persons of the box in order of enrolment, page by page. */
export async function allPersons(
  client: Pick<ControlClient, 'call'>,
  removed: 'excluded' | 'included' | 'only',
): Promise<readonly PersonSummary[]> {
  const all: PersonSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('persons.list', { removed, cursor, limit: pageSize });
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}
