/** Whether a list of persons has the removed persons who are not erased yet. */
export const removedPersonsListed = ['excluded', 'included', 'only'] as const;
export type RemovedPersonsListed = (typeof removedPersonsListed)[number];

/** The orders of a list of persons: by the time of enrolment, or by name. */
export const personOrders = ['oldest', 'newest', 'name'] as const;
export type PersonOrder = (typeof personOrders)[number];
