import type { PersonDetail, PersonState, PersonSummary } from '../../daemon/control/person-control.js';
import type { PersonProfile } from '../../daemon/domain/persons/person-profile.js';

/** When everything happens to persons in memory. */
export const now = '2026-03-02T08:00:00.000Z';

/** A person in memory. */
export interface HeldPerson {
  readonly id: string;
  profile: PersonProfile;
  state: PersonState | 'staged';
  readonly importId: string | undefined;
  photographs: readonly { readonly id: string; readonly jpeg: Buffer; readonly face: string }[];
}

export function summary({ id, profile, state, photographs }: HeldPerson): PersonSummary {
  const { name, externalId } = profile;
  return {
    id,
    name,
    ...(externalId === undefined ? {} : { externalId }),
    state: state === 'removed' ? 'removed' : 'active',
    enrolledAt: now,
    ...(state === 'removed' ? { removedAt: now } : {}),
    templates: photographs.length,
    photographs: photographs.length,
  };
}

export function detail(held: HeldPerson): PersonDetail {
  return { ...held.profile, ...summary(held), photographIds: held.photographs.map(({ id }) => id) };
}
