import type { Handlers } from '../../contract/handlers.js';
import type { personOperations } from '../../contract/persons.js';
import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { refuseLimited } from '../api/forbidden.js';
import { notFound } from '../api/not-found.js';
import type { EnrolledPersons, RemoveResult } from './enrolled-persons.js';
import { enrolmentFor, photographChangeFor } from './photo-enrolment.js';

/** The operations on persons. Expected outcomes are in the answers, except that there is no such person. */
export function personHandlers(persons: EnrolledPersons): Handlers<typeof personOperations> {
  return {
    'persons.list': (filter, { caller }) => persons.list(filter, caller),
    'persons.names': ({ ids }, { caller }) => persons.names(ids, caller),
    'persons.show': ({ id }, { caller }) => found(id, persons.show(id, caller)),
    'persons.photographs.list': ({ id }, { caller }) => found(id, persons.photographs.list(id, caller)),
    'persons.photographs.read': ({ id, photographId }, { caller }) => {
      const bytes = persons.photographs.read(id, photographId, caller);
      if (bytes === undefined) throw notFound('photograph', photographId, `rollcall person show ${id}`);
      return { bytes };
    },
    'persons.photographs.add': async (input, { caller }) =>
      photographChangeFor(await persons.photographs.add(input, caller), caller),
    'persons.photographs.replace': async (input, { caller }) =>
      photographChangeFor(await persons.photographs.replace(input, caller), caller),
    'persons.photographs.remove': (input, { caller }) => persons.photographs.remove(input, caller),
    'persons.export': ({ id, scope }, { caller }) => {
      // A part would pass for all that the box holds on the person.
      if (scope === 'everything') refuseLimited(caller, 'all-cameras:export');
      return found(id, persons.export(id, scope, caller));
    },
    'persons.enrol': async (request, { caller }) => enrolmentFor(await persons.add(request, caller), caller),
    'persons.update': async ({ id, ...change }, { caller }) => {
      const result = await persons.update(id, change, caller);
      if (result.outcome === 'no-such-person') throw noSuchPerson(id);
      return result;
    },
    'persons.change-many': (input, { caller }) => persons.changeMany(input, caller),
    'persons.remove': ({ id }, { caller }) => {
      const result = persons.remove(id, caller);
      if (result.outcome === 'no-such-person') throw noSuchPerson(id);
      if (result.outcome === 'already-removed') throw alreadyRemoved(id, result);
      return { removed: id };
    },
    'persons.restore': ({ id }, { caller }) => {
      const result = persons.restore(id, caller);
      if (result.outcome === 'no-such-person') throw noSuchPerson(id, 'rollcall person list --removed');
      return result;
    },
    'persons.erase': ({ id }, { caller }) => found(id, persons.erase(id, caller)),
    'persons.erase-many': (input, { caller }) => persons.eraseMany(input, caller),
    'persons.withdraw-consent': ({ id }, { caller }) => found(id, persons.withdrawConsent(id, caller)),
  };
}

function found<T>(id: string, value: T | undefined): T {
  if (value === undefined) throw noSuchPerson(id);
  return value;
}

function noSuchPerson(id: string, list = 'rollcall person list'): RollcallError {
  return notFound('person', id, list);
}

function alreadyRemoved(
  id: string,
  { removedAt, canBeRestored }: Extract<RemoveResult, { outcome: 'already-removed' }>,
): RollcallError {
  const restore = canBeRestored ? `'rollcall person restore ${id}' recognises them again; ` : '';
  return refusal('already-removed', { id, removedAt, restore }, { details: { removedAt, canBeRestored } });
}
