import { createHash } from 'node:crypto';
import type { EnrolmentRefusal, PhotographResult } from '../../contract/enrolment.js';
import { sealedChangeSchema, sealedPersonSchema } from '../../contract/events/command-schema.js';
import { defect, isRollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import type { BoxDecryption } from '../identity/identity-keys.js';
import type { PhotographHashes } from '../persons/photograph-hashes.js';
import { type CommandHandlers, type CommandOutcome, failed } from './command-handlers.js';
import { callOf, inputOf, type OperationsBehind } from './command-operations.js';
import { openSealedJson } from './sealed-content.js';

export interface PersonCommandOptions {
  readonly operations: OperationsBehind<PersonCommandName>;
  readonly decryption: BoxDecryption;
  readonly photographs: PhotographHashes;
}

type PersonCommandName = 'enrol-person' | 'update-person' | 'erase-person';
type PersonCommands = Pick<CommandHandlers, PersonCommandName>;

/** Commands about one person. Personal data arrives sealed; answers hold opaque ids only. */
export function personCommands({
  operations,
  decryption,
  photographs,
}: PersonCommandOptions): PersonCommands {
  return {
    async 'enrol-person'({ sealed }, context) {
      const {
        photographs: files,
        face,
        allowDuplicate,
        consent,
        ...profile
      } = openSealedJson(sealed, decryption, sealedPersonSchema);
      const pictures = files.map((file) => Buffer.from(file, 'base64url'));
      // No progress for a single photograph: for 10,000 persons it would double the number of events.
      if (pictures.length > 1) context.progress({ photographs: pictures.length });
      const result = await operations['persons.enrol'](
        {
          ...inputOf('enrol-person', {
            ...profile,
            ...present({ consent: consent && givenConsent(consent) }),
            faceNumber: face,
            isDuplicateAllowed: allowDuplicate,
          }),
          photographs: pictures,
        },
        callOf('persons:write', context),
      );
      if (result.outcome === 'enrollable') throw defect('dry-run', 'an enrolment was taken for a dry run');
      if (result.outcome !== 'enrolled') return refusedEnrolment(result);
      const { id } = result.person;
      photographs.set(id, pictures.map(hashOf));
      const resembles = result.resembles?.map(({ personId: person, similarity }) => ({ person, similarity }));
      return {
        outcome: 'done',
        result: {
          person: id,
          photographs: result.photographs.map(describe),
          ...present({ resembles }),
        },
      };
    },

    async 'update-person'({ person, sealed }, context) {
      const { consent, ...change } = openSealedJson(sealed, decryption, sealedChangeSchema);
      const given = consent === undefined || consent === null ? consent : givenConsent(consent);
      return ofKnownPerson(async () => {
        const call = callOf('persons:write', context);
        const result = await operations['persons.update'](
          inputOf('update-person', { id: person, ...change, consent: given }),
          call,
        );
        if (result.outcome === 'updated') return { outcome: 'done', result: { person: result.person.id } };
        return externalIdTaken(result.personId);
      });
    },

    async 'erase-person'({ person }, context) {
      return ofKnownPerson(async () => {
        const call = callOf('persons:erase', context);
        const { personId, what, ...about } = await operations['persons.erase'](
          inputOf('erase-person', { id: person }),
          call,
        );
        return { outcome: 'done', result: { person: personId, ...about, erased: { ...what } } };
      });
    },
  };
}

/** Words the error about an unknown person for a centre, which has no command line of the box. */
async function ofKnownPerson<Name extends PersonCommandName>(
  work: () => Promise<CommandOutcome<Name>>,
): Promise<CommandOutcome<Name>> {
  try {
    return await work();
  } catch (error) {
    if (!isRollcallError(error, 'no-such-person')) throw error;
    return failed('no-such-person', 'no person with this id is enrolled');
  }
}

/** SHA-256 of a photograph as it was sent. */
function hashOf(file: Uint8Array): string {
  return createHash('sha256').update(file).digest('hex');
}

function givenConsent({
  basis,
  date,
  reference,
}: {
  readonly basis: string;
  readonly date: string;
  readonly reference: string;
}) {
  return { basis, dateIso: date, reference };
}

function describe(photograph: PhotographResult) {
  if (photograph.outcome === 'enrolled') {
    const { qualityScore, taken, warnings } = photograph;
    return {
      outcome: 'enrolled' as const,
      quality: qualityScore,
      ...(warnings && { warnings: warnings.map(({ code }) => code) }),
      ...(taken && { face: { number: taken.face.number, count: taken.faceCount, ...taken.face.box } }),
    };
  }
  const { code, message } = photograph;
  return { outcome: 'refused' as const, code, message };
}

function externalIdTaken(personId: string) {
  const message = 'another person already has this external id';
  return { ...failed('external-id-taken', message), result: { person: personId } };
}

/** The answer holds ids and no names: names of enrolled persons must not leave the box this way. */
function refusedEnrolment(refusal: EnrolmentRefusal) {
  switch (refusal.outcome) {
    case 'external-id-taken':
      return externalIdTaken(refusal.personId);
    case 'similar': {
      const { personId: person, similarity } = refusal;
      const message = 'an enrolled person looks alike; set allowDuplicate in the command to enrol anyway';
      return { ...failed('similar', message), result: { person, similarity } };
    }
    case 'refused': {
      const message = 'some photos cannot be used';
      return {
        ...failed('photographs-refused', message),
        result: { photographs: refusal.photographs.map(describe) },
      };
    }
  }
}
