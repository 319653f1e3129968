/** Why a recogniser is in use. `default`: neither the configuration nor a gallery decides. */
export const recogniserReasons = ['configured', 'gallery', 'default'] as const;
export type RecogniserReason = (typeof recogniserReasons)[number];
