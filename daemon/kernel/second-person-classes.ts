/** Classes of operations for which the configuration can demand that a second person approves them. */
export const secondPersonClasses = [
  'erase',
  'export',
  'keys',
  'trust',
  'identity',
  'restore',
  'settings',
  'cameras',
  'users',
] as const;
export type SecondPersonClass = (typeof secondPersonClasses)[number];
