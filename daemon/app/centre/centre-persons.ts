import { createHash } from 'node:crypto';
import type { EnrolmentRefusal, PersonControl, PhotographResult } from '../../control/person-control.js';
import { type CommandHandlers, failed } from '../../publish/commands/command-handlers.js';
import { sealedChangeSchema, sealedPersonSchema } from '../../publish/contract/command-schema.js';
import type { BoxDecryption } from '../../publish/identity/box-decryption.js';
import type { PhotographHashes } from '../../records/commands/command-places.js';
import { openSealedJson } from './centre-sealed.js';

export interface CentrePersonsParts {
  readonly persons: PersonControl;
  readonly decryption: BoxDecryption;
  readonly photographs: PhotographHashes;
}

type PersonCommands = Pick<CommandHandlers, 'enrol-person' | 'update-person' | 'erase-person'>;

/** Commands about one person. What is personal comes sealed; what is answered are opaque ids. */
export function centrePersons({ persons, decryption, photographs }: CentrePersonsParts): PersonCommands {
  return {
    async 'enrol-person'({ sealed }, { by, progress }) {
      const {
        photographs: files,
        face,
        allowDuplicate,
        consent,
        ...profile
      } = openSealedJson(sealed, decryption, sealedPersonSchema);
      const pictures = files.map((file) => Buffer.from(file, 'base64url'));
      // One is soon answered: of 10,000 persons the progress alone would be as many events as the answers.
      if (pictures.length > 1) progress({ photographs: pictures.length });
      const result = await persons.add(
        {
          ...profile,
          ...(consent === undefined ? {} : { consent: givenConsent(consent) }),
          photographs: pictures,
          faceNumber: face,
          isDuplicateAllowed: allowDuplicate,
          isDryRun: false,
        },
        by,
      );
      if (result.outcome === 'enrollable') return failed('not-enrolled', 'nobody was enrolled');
      if (result.outcome !== 'enrolled') return refusedEnrolment(result);
      const { id } = result.person;
      photographs.set(id, pictures.map(hashOf));
      const resembles = result.resembles?.map(({ personId: person, similarity }) => ({ person, similarity }));
      return {
        outcome: 'done',
        result: {
          person: id,
          photographs: result.photographs.map(describe),
          ...(resembles === undefined ? {} : { resembles }),
        },
      };
    },

    async 'update-person'({ person, sealed }, { by }) {
      const { consent, ...change } = openSealedJson(sealed, decryption, sealedChangeSchema);
      const given = consent === undefined || consent === null ? consent : givenConsent(consent);
      const result = await persons.update(person, { ...change, consent: given }, by);
      if (result.outcome === 'updated') return { outcome: 'done', result: { person: result.person.id } };
      if (result.outcome === 'no-such-person') return noSuchPerson;
      return externalIdTaken(result.personId);
    },

    async 'erase-person'({ person }, { by }) {
      const certificate = await persons.erase(person, by);
      if (certificate === undefined) return noSuchPerson;
      const { personId, what, ...about } = certificate;
      return { outcome: 'done', result: { person: personId, ...about, erased: { ...what } } };
    },
  };
}

const noSuchPerson = failed('no-such-person', 'nobody of that id is enrolled');

/** SHA-256 of a photograph as it came. */
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
    const { qualityScore, taken } = photograph;
    return {
      outcome: 'enrolled' as const,
      quality: qualityScore,
      ...(taken && { face: { number: taken.face.number, count: taken.faceCount, ...taken.face.box } }),
    };
  }
  const { code, message } = photograph;
  return { outcome: 'refused' as const, code, message };
}

function externalIdTaken(personId: string) {
  const message = 'somebody else has that external id';
  return { ...failed('external-id-taken', message), result: { person: personId } };
}

/** Names of those who are enrolled do not leave the box this way. */
function refusedEnrolment(refusal: EnrolmentRefusal) {
  switch (refusal.outcome) {
    case 'external-id-taken':
      return externalIdTaken(refusal.personId);
    case 'similar': {
      const { personId: person, similarity } = refusal;
      const message = 'somebody who is enrolled looks alike; the command may allow that';
      return { ...failed('similar', message), result: { person, similarity } };
    }
    case 'refused': {
      const message = 'photographs cannot be used';
      return {
        ...failed('photographs-refused', message),
        result: { photographs: refusal.photographs.map(describe) },
      };
    }
  }
}
