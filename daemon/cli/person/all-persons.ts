import type { PersonSummary } from '../../contract/person.js';
import type { ControlClient } from '../../core/api/client.js';
import type { ConsentState } from '../../kernel/persons/consent.js';
import type { RemovedPersonsListed } from '../../kernel/persons/person-listing.js';
import type { Validity, WatchMark } from '../../kernel/persons/person-standing.js';

export interface PersonFilter {
  readonly group?: string;
  readonly watch?: WatchMark | 'any';
  readonly validity?: Validity;
  readonly consent?: ConsentState;
}

/** Persons on a page: few requests for a large gallery, and some 10 ms of work for each. */
const pageSize = 500;

/** All persons of the box in order of enrolment, page by page, or those whom the filter lets through. */
export async function allPersons(
  client: Pick<ControlClient, 'call'>,
  removed: RemovedPersonsListed,
  filter: PersonFilter = {},
): Promise<readonly PersonSummary[]> {
  const all: PersonSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('persons.list', { ...filter, removed, cursor, limit: pageSize });
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}
