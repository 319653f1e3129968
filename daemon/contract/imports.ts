import { z } from 'zod';
import {
  enrolmentErrors,
  enrolmentFiles,
  galleryErrors,
  givenPerson,
  maximumEnrolmentBytes,
  stagedRow,
} from './enrolment.js';
import { operation } from './operation.js';
import { personId } from './person.js';

const importId = z.string().min(1).max(64).describe('Returned in the first line of `imports.begin`.');
const oneImport = z.strictObject({ importId });

export const importOperations = {
  'imports.begin': operation({
    method: 'POST',
    path: '/imports',
    summary: 'Begin to enrol many persons, all or none.',
    description:
      'The answer stays open, and the import exists as long as this connection. When it closes, uncommitted rows are discarded. A caller from the network can have 2 open imports. An import that gets no row for 15 minutes ends.',
    answer: { kind: 'lines', item: z.object({ importId }) },
    errors: ['gallery-sealed', 'too-many-imports'],
    scope: 'persons:write',
    rate: 'default',
    isLong: true,
  }),
  'imports.stage': operation({
    method: 'POST',
    path: '/imports/{importId}/rows',
    summary: 'Check one person of an import and keep them until the commit.',
    description: 'Staged persons are neither recognised nor listed.',
    input: z.strictObject({ importId, ...givenPerson }),
    files: enrolmentFiles,
    filesBytes: maximumEnrolmentBytes,
    answer: { kind: 'json', schema: stagedRow },
    errors: [...enrolmentErrors, 'no-such-import'],
    scope: 'persons:write',
    // One photograph's work: an import of some hundred rows must not take hours.
    rate: 'detection',
    isLong: true,
  }),
  'imports.commit': operation({
    method: 'POST',
    path: '/imports/{importId}/commit',
    summary: 'Enrol all accepted persons of an import at once.',
    input: oneImport,
    answer: {
      kind: 'json',
      schema: z.object({ personIds: z.array(personId).readonly().describe('In order of staging.') }),
    },
    creates: { foundBy: 'persons.list' },
    errors: [...galleryErrors, 'no-such-import', 'import-outdated'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'default',
    isLong: true,
  }),
  'imports.abandon': operation({
    method: 'DELETE',
    path: '/imports/{importId}',
    summary: 'Forget the staged persons of an import.',
    input: oneImport,
    answer: {
      kind: 'json',
      schema: z.object({ isAbandoned: z.boolean().describe('False if the import was over already.') }),
    },
    errors: ['gallery-sealed'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'default',
  }),
} as const;
