/** The states of a model file on this machine. */
export const modelPackStates = ['ready', 'absent', 'damaged'] as const;
