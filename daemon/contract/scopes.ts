/** What a caller may do. A role is a set of scopes; an operation needs one of them. */
export const scopes = {
  'status:read': 'see the state of the box, its cameras and its machine',
  'config:read': 'see the settings of the box and check a change of them',
  'config:write': 'change settings of the box',
  'logs:read': 'read what the box has logged in the last hour',
  'metrics:read': 'read counters for a monitoring system',
  'cameras:read': 'list cameras and their settings',
  'cameras:write': 'add, change, test and remove cameras',
  'live:watch': 'see what a camera sees',
  'prompts:show': 'show the prompts of challenges at a camera',
  'names:read': 'see names in place of opaque ids',
  'persons:read': 'list persons and see their data and photos',
  'persons:write': 'enrol, change, remove and restore persons',
  'persons:erase': 'erase persons and withdraw consent',
  'persons:export': 'export everything held on a person',
  'events:read': 'read events',
  'events:write': 'send events again',
  'passages:read': 'see whom each camera saw, what the box measured and why it decided so',
  'passages:pictures': 'see the pictures that the box keeps of passages and events',
  'passages:write': 'say that a passage was decided wrongly',
  'strangers:read': 'list unknown people, and see where and when each was seen',
  'strangers:write': 'merge, split, ignore, assign and discard unknown people',
  'attendance:read': 'read attendance reports',
  'attendance:write': 'correct attendance',
  'alerts:read': 'read alerts',
  'alerts:write': 'test and acknowledge alerts',
  'audit:read': 'read the audit log and its reports',
  'gallery:read': 'see the state of the gallery',
  'gallery:write': 'verify and calibrate the gallery and move it to another recogniser',
  'keys:read': 'see which keys protect the gallery',
  'keys:write': 'create, unlock and rotate the keys of the gallery',
  'backups:read': 'see the state of backups',
  'backups:write': 'make backups',
  'backups:make': 'make backups for the recovery key and fetch them, which API keys may do',
  'backups:restore': 'replace the gallery with a backup',
  'retention:read': 'see how long data is kept',
  'retention:write': 'start the deletion of old data',
  'identity:read': 'see the keys that sign events',
  'identity:write': 'rotate the keys that sign events',
  'trust:read': 'see which centres may send commands',
  'trust:write': 'trust a centre or end the trust',
  'recognition:use': 'compare pictures with the gallery without storing them',
  'users:read': 'list users, roles and sessions',
  'users:write': 'create, change and remove users and roles',
} as const satisfies Readonly<Record<string, string>>;

/** The name of a scope: a subject and what may be done with it. */
export type Scope = keyof typeof scopes;

/** Every scope, in the order of the reference page. */
export const allScopes = Object.keys(scopes) as readonly Scope[];

/** True if the text is the name of a scope. */
export function isScope(text: string): text is Scope {
  return Object.hasOwn(scopes, text);
}

/** The roles that every box has. Owners can add their own. */
export const builtInRoles = {
  admin: allScopes,
  operator: [
    ...['status:read', 'cameras:read', 'live:watch', 'names:read'],
    ...['persons:read', 'persons:write', 'events:read'],
    ...['passages:read', 'passages:pictures', 'passages:write', 'strangers:read', 'strangers:write'],
    ...['attendance:read', 'attendance:write', 'alerts:read', 'alerts:write', 'recognition:use'],
  ] as readonly Scope[],
  technician: [
    ...['status:read', 'config:read', 'logs:read', 'metrics:read', 'cameras:read', 'cameras:write'],
    ...[
      'live:watch',
      'prompts:show',
      'passages:read',
      'alerts:read',
      'alerts:write',
      'gallery:read',
      'keys:read',
    ],
    ...['backups:read', 'retention:read', 'identity:read', 'trust:read'],
  ] as readonly Scope[],
  viewer: ['status:read', 'names:read', 'attendance:read', 'events:read'],
  auditor: ['status:read', 'audit:read', 'retention:read', 'identity:read', 'trust:read'],
} as const satisfies Readonly<Record<string, readonly Scope[]>>;
