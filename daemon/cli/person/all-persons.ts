import type { PersonSummary } from '../../contract/person.js';
import type { ControlClient } from '../../core/api/client.js';
import type { RemovedPersonsListed } from '../../kernel/persons/person-listing.js';
import { firstItems } from '../pages.js';

/** All persons of the box in order of enrolment, page by page. */
export function allPersons(
  client: Pick<ControlClient, 'call'>,
  removed: RemovedPersonsListed,
): Promise<readonly PersonSummary[]> {
  return firstItems(Number.POSITIVE_INFINITY, (page) => client.call('persons.list', { ...page, removed }));
}
