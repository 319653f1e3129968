/** The signals by which a terminal or the system asks a program to end. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
