import type { ErasureCertificate, PersonDetail, PersonSummary } from '../control/person-control.js';
import type * as gallery from '../gallery/gallery.js';
import { damagedName } from './enrolment.js';

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** What the API shows of a person. A name that does not open is shown as such, never hidden. */
export function summarisePerson(entry: gallery.PersonEntry): PersonSummary {
  const { id, profile, state, enrolledAtMs, changedAtMs, templateCount, photographCount } = entry;
  return {
    id,
    name: profile?.name ?? damagedName,
    ...(profile?.externalId === undefined ? {} : { externalId: profile.externalId }),
    state: state === 'removed' ? 'removed' : 'active',
    enrolledAt: iso(enrolledAtMs),
    ...(state === 'removed' ? { removedAt: iso(changedAtMs) } : {}),
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

export function describeErasure(certificate: gallery.ErasureCertificate): ErasureCertificate {
  const { personId, scope, erasedAtMs, by, auditSequence, auditHash, what } = certificate;
  return { personId, scope, erasedAt: iso(erasedAtMs), by: by.actor, auditSequence, auditHash, what };
}
