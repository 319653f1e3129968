import type { PersonDetail, PersonSummary } from '../../contract/person.js';
import type { ErasedPerson, ErasureCertificate } from '../../contract/persons.js';
import { isRollcallError, RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { consentStateOf } from '../../kernel/persons/consent.js';
import { damagedName } from '../../kernel/persons/person-profile.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import { refusalOfOne } from '../api/refusal-of-one.js';
import type { Erasure } from '../gallery/persons/erasure.js';
import type { FullPersonEntry, PersonEntry } from '../gallery/persons/person-entry.js';

/** What the API shows of a person. Shows a placeholder for a damaged name. */
export function summarisePerson(entry: PersonEntry): PersonSummary {
  const { id, profile, state, enrolledAtMs, changedAtMs, templateCount, photographCount } = entry;
  const { groups, validFrom, validUntil, watch, fields, consent } = profile ?? {};
  return {
    id,
    name: profile?.name ?? damagedName,
    ...present({ externalId: profile?.externalId }),
    state: state === 'removed' ? 'removed' : 'active',
    enrolledAt: isoTime(enrolledAtMs),
    ...(state === 'removed' ? { removedAt: isoTime(changedAtMs) } : {}),
    templates: templateCount,
    photographs: photographCount,
    ...present({ photographId: entry.bestPhotographId }),
    consentState: consentStateOf(consent),
    ...present({ groups, validFrom, validUntil, watch, fields }),
  };
}

/** Like `summarisePerson`, with the whole profile. */
export function describePerson(detail: FullPersonEntry): PersonDetail {
  const { origins: _, ...profile } = detail.profile ?? {};
  return {
    ...profile,
    ...summarisePerson(detail),
    photographIds: detail.photographs.map(({ id }) => id),
    revision: detail.revision,
  };
}

/** The certificate of an erasure. If only the last step failed, the details of the error hold the certificate. */
export function certified(erase: () => Erasure | undefined): ErasureCertificate | undefined {
  try {
    const certificate = erase();
    return certificate && describeErasure(certificate);
  } catch (error) {
    if (!isRollcallError(error, 'erasure-incomplete')) throw error;
    const { kind, code, message, remedy = '', says, details } = error;
    const certificate = describeErasure(details['certificate'] as Erasure);
    throw new RollcallError({
      ...{ kind, code, message, remedy, details: { ...details, certificate }, cause: error },
      ...present({ says }),
    });
  }
}

/** What became of one of many persons: an error of this person is their refusal. */
export function erasedOrWhyNot(
  id: string,
  erase: () => ErasureCertificate | undefined,
): Pick<ErasedPerson, 'outcome' | 'certificate' | 'refusal'> {
  try {
    const certificate = erase();
    if (certificate !== undefined) return { outcome: 'erased', certificate };
    throw refusal('no-such-person', { id });
  } catch (error) {
    const why = refusalOfOne(error, ['no-such-person', 'erasure-incomplete']);
    if (!isRollcallError(error, 'erasure-incomplete')) return { outcome: 'refused', refusal: why };
    const certificate = error.details['certificate'] as ErasureCertificate;
    return { outcome: 'incomplete', certificate, refusal: why };
  }
}

function describeErasure(certificate: Erasure): ErasureCertificate {
  const { personId, scope, erasedAtMs, by, auditSequence, auditHash, what } = certificate;
  return { personId, scope, erasedAt: isoTime(erasedAtMs), by: by.actor, auditSequence, auditHash, what };
}

/** The error of a change that is based on an older revision. */
export function changedMeanwhile(id: string, revision: number) {
  return refusal('changed-meanwhile:person', { id }, { details: { revision } });
}
