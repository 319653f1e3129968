import { isRollcallError, operational } from '../../base/errors.js';
import type { ErasureCertificate, PersonDetail, PersonSummary } from '../../control/person-control.js';
import { isoTime } from '../../domain/iso-time.js';
import type * as gallery from '../../gallery/gallery.js';
import { damagedName } from './enrolment.js';

/** What the API shows of a person. A name that does not open is shown as such, never hidden. */
export function summarisePerson(entry: gallery.PersonEntry): PersonSummary {
  const { id, profile, state, enrolledAtMs, changedAtMs, templateCount, photographCount } = entry;
  return {
    id,
    name: profile?.name ?? damagedName,
    ...(profile?.externalId === undefined ? {} : { externalId: profile.externalId }),
    state: state === 'removed' ? 'removed' : 'active',
    enrolledAt: isoTime(enrolledAtMs),
    ...(state === 'removed' ? { removedAt: isoTime(changedAtMs) } : {}),
    templates: templateCount,
    photographs: photographCount,
  };
}

/** The same with the whole profile. */
export function describePerson(detail: gallery.PersonDetail): PersonDetail {
  return {
    ...detail.profile,
    ...summarisePerson(detail),
    photographIds: detail.photographs.map(({ id }) => id),
  };
}

/** The certificate of an erasure; where only its last step failed, it is in the details of the error. */
export function certified(
  erase: () => gallery.ErasureCertificate | undefined,
): ErasureCertificate | undefined {
  try {
    const certificate = erase();
    return certificate && describeErasure(certificate);
  } catch (error) {
    if (!isRollcallError(error, 'erasure-incomplete')) throw error;
    const { code, message, remedy = '', details } = error;
    const erased = details['certificate'] as gallery.ErasureCertificate;
    throw operational(code, message, {
      remedy,
      details: { ...details, certificate: describeErasure(erased) },
      cause: error,
    });
  }
}

function describeErasure(certificate: gallery.ErasureCertificate): ErasureCertificate {
  const { personId, scope, erasedAtMs, by, auditSequence, auditHash, what } = certificate;
  return { personId, scope, erasedAt: isoTime(erasedAtMs), by: by.actor, auditSequence, auditHash, what };
}
