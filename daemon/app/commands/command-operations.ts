import type { Call, Handlers } from '../../contract/handlers.js';
import type { Operations } from '../../contract/operations.js';
import type { Scope } from '../../contract/scopes.js';
import type { CommandContext } from '../../publish/commands/command-handlers.js';
import { type CommandName, type CommandScope, commands } from '../../publish/contract/command-schema.js';

/**
 * The operations behind commands. The others do what no operation does: they seal their answer to the centre, compare a
 * gallery with that of the centre, or switch what the configuration says.
 */
export const commandOperations = {
  'enrol-person': 'persons.enrol',
  'update-person': 'persons.update',
  'erase-person': 'persons.erase',
  'rotate-keys': 'keys.rotate',
} as const satisfies Partial<Record<CommandName, keyof Operations>>;

export type OperationCommand = keyof typeof commandOperations;
type OperationOf<Name extends OperationCommand> = (typeof commandOperations)[Name];

/** The handlers of the operations behind some commands. */
export type OperationsBehind<Name extends OperationCommand> = Pick<Handlers<Operations>, OperationOf<Name>>;

/** The scopes of operations that a scope of an issuer stands for. */
export const scopesOfIssuer = {
  'persons:write': ['persons:write'],
  'persons:erase': ['persons:erase'],
  'persons:read': ['persons:read', 'names:read'],
  events: ['events:write'],
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
