/** Errors that make the keys of the box unusable while the rest of the box keeps running. */
export const boxKeyDamages = ['box-key-malformed', 'box-key-retired', 'box-identity-damaged'] as const;
