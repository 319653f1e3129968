/**
 * Whose certificate it is.
 * - `client`: this box at the broker.
 * - `authority`: the trusted authority (`mqtt.caFile`), of several the one that expires last.
 * - `broker`: the broker at the last connection.
 * - `gate`: the one that the box shows to callers over HTTPS.
 */
export const certificateHolders = ['client', 'authority', 'broker', 'gate'] as const;
export type CertificateHolder = (typeof certificateHolders)[number];

export const certificateStates = ['in force', 'not yet valid', 'expires soon', 'expired'] as const;
export type CertificateState = (typeof certificateStates)[number];
