/** What the exit codes of the decoder process mean. Node itself uses codes below 14, and ends with 134 where memory is short. */
export const heicExit = { damaged: 20, tooManyPixels: 21, tooDemanding: 22 } as const;
