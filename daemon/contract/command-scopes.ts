/** What an issuer may let the box do by commands over MQTT. */
export const commandScopes = [
  'persons:write',
  'persons:erase',
  'persons:read',
  'events',
  'attendance',
  'alerts',
  'passages',
  'strangers',
  'cameras',
  'snapshots',
  'keys',
  'configuration',
] as const;
export type CommandScope = (typeof commandScopes)[number];
