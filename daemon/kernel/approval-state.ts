/** The states of a request that a second person must approve. `used`: the operation was begun with it. */
export const approvalStates = ['waiting', 'approved', 'refused', 'used'] as const;
export type ApprovalState = (typeof approvalStates)[number];
