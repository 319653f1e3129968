/** The kinds of events, the most important first. */
export const eventKinds = [
  'attendance',
  'gap',
  'person',
  'recognised-ambiguous',
  'recognised-unproven',
  'attack',
  'unknown',
  'loitering',
  'stranger',
  'summary',
  'identity',
  'audit',
  'gallery',
  'reply',
  'box',
  'camera',
] as const;
