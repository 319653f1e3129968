/** The result of one check of the box. `warning`: it works, but needs attention. */
export const checkOutcomes = ['ok', 'warning', 'failed'] as const;
export type CheckOutcome = (typeof checkOutcomes)[number];
