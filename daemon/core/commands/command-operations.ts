import { commands } from '../../contract/events/command-schema.js';
import type { Call, Handlers } from '../../contract/handlers.js';
import { type Operations, operations } from '../../contract/operations.js';
import type { Scope } from '../../contract/scopes.js';
import type { CommandScope } from '../../contract/trust.js';
import { badInput } from '../../kernel/errors.js';
import type { CommandContext } from './command-handlers.js';

/** The operations that centres may call, by their command. The contract says which. */
type Called = {
  readonly [Id in keyof Operations as Operations[Id] extends { readonly command: infer Name extends string }
    ? Name
    : never]: Id;
};

/**
 * The operations behind commands. The other commands do what no operation does: they seal their answer to the centre, compare a
 * gallery with that of the centre, or switch what the configuration says.
 */
export const commandOperations: Called = {
  'enrol-person': 'persons.enrol',
  'update-person': 'persons.update',
  'erase-person': 'persons.erase',
  'rotate-keys': 'keys.rotate',
  'list-events': 'events.list',
  'report-attendance': 'attendance.report',
  'list-alerts': 'alerts.list',
  'acknowledge-alert': 'alerts.acknowledge',
  'test-camera': 'cameras.test',
  'list-passages': 'passages.list',
  'show-passage': 'passages.show',
  'mark-passage': 'passages.mark',
  'list-strangers': 'strangers.list',
  'merge-strangers': 'strangers.merge',
  'split-stranger': 'strangers.split',
  'ignore-stranger': 'strangers.ignore',
  'notice-stranger': 'strangers.notice',
  'discard-stranger': 'strangers.discard',
};

export type OperationCommand = keyof Called;
type OperationOf<Name extends OperationCommand> = Called[Name];

/** The handlers of the operations behind some commands. */
export type OperationsBehind<Name extends OperationCommand> = Pick<Handlers<Operations>, OperationOf<Name>>;

/** The scopes of operations that a scope of an issuer stands for. */
export const scopesOfIssuer = {
  'persons:write': ['persons:write'],
  'persons:erase': ['persons:erase'],
  'persons:read': ['persons:read', 'names:read'],
  events: ['events:read', 'events:write'],
  attendance: ['attendance:read'],
  alerts: ['alerts:read', 'alerts:write'],
  passages: ['passages:read', 'passages:write', 'attendance:write'],
  strangers: ['strangers:read', 'strangers:write'],
  cameras: ['cameras:write'],
  snapshots: ['live:watch', 'events:read'],
  keys: ['keys:write', 'identity:write'],
  configuration: [],
} as const satisfies Readonly<Record<CommandScope, readonly Scope[]>>;

type ScopesOfCommand<Name extends OperationCommand> =
  (typeof scopesOfIssuer)[(typeof commands)[Name]['scope']][number];

/** The commands whose scope stands for that of their operation. Another one cannot be given to `callOf`: it does not compile. */
export type OpenCommand = {
  [Name in OperationCommand]: Operations[OperationOf<Name>]['scope'] extends ScopesOfCommand<Name>
    ? Name
    : never;
}[OperationCommand];

/** The call of the operation behind a command, for the issuer who signed it. The signature is the proof of who calls. */
export function callOf(name: OpenCommand, { by, signal }: CommandContext): Call {
  const scopes: ReadonlySet<Scope> = new Set<Scope>(scopesOfIssuer[commands[name].scope]);
  const { actor, origin } = by;
  const caller = { actor, origin, scopes, provedAtMs: 'always', isLimited: false } as const;
  return { caller, signal, requestId: origin.replaceAll(' ', '-') };
}

type Parsed<Name extends OperationCommand> = Operations[OperationOf<Name>]['input']['_zod']['output'];

/**
 * What a command with a form of its own gives its operation, checked by the schema of the operation, as for every other caller.
 * @throws `bad-request`; its message repeats no content
 */
export function inputOf<Name extends OperationCommand>(name: Name, fields: unknown): Parsed<Name> {
  const checked = operations[commandOperations[name]].input.safeParse(fields);
  // The schema of this name gave it.
  if (checked.success) return checked.data as Parsed<Name>;
  const places = checked.error.issues.slice(0, 5).map(({ path, code }) => `${path.join('.')} (${code})`);
  throw badInput('bad-request', `the content does not fit the operation: ${places.join(', ')}`, {
    remedy: 'look up its fields in docs/reference/api.md',
  });
}
