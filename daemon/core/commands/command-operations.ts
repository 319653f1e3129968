import type { z } from 'zod';
import type { CommandScope } from '../../contract/command-scopes.js';
import { type OperationOfCommand, operationOfCommand } from '../../contract/events/called-operations.js';
import type { Call, Handlers } from '../../contract/handlers.js';
import { type Operations, operations } from '../../contract/operations.js';
import type { Scope } from '../../contract/scopes.js';
import { refusal } from '../../words/errors.js';
import type { CommandContext } from './command-handlers.js';
import { placesOf } from './sealed-content.js';

export type OperationCommand = keyof OperationOfCommand;

/** The operations that centres may call. */
export type CentreOperation = {
  readonly [Id in keyof Operations]: Operations[Id] extends { readonly centre: object } ? Id : never;
}[keyof Operations];

/** Their handlers: the same that the local API and the network call. */
export type CentreOperations = Pick<Handlers<Operations>, CentreOperation>;

/** The handlers of the operations behind some commands. */
export type OperationsBehind<Name extends OperationCommand> = Pick<
  Handlers<Operations>,
  OperationOfCommand[Name]
>;

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

/** The operations that demand a scope for which that of the issuer does not stand. */
type Closed = {
  readonly [Id in CentreOperation]: Operations[Id]['scope'] extends (typeof scopesOfIssuer)[Operations[Id]['centre']['scope']][number]
    ? never
    : Id;
}[CentreOperation];

// Does not compile where there is one, and names it.
const closed: Readonly<Record<Closed, never>> = {};
void closed;

/** The call of an operation for the issuer of a command, who is trusted with `scope`. The signature is the proof of who calls. */
export function callOf(scope: CommandScope, { by, signal }: Pick<CommandContext, 'by' | 'signal'>): Call {
  const scopes: ReadonlySet<Scope> = new Set<Scope>(scopesOfIssuer[scope]);
  const { actor, origin } = by;
  const caller = { actor, origin, scopes, provedAtMs: 'always', isLimited: false } as const;
  return { caller, signal, requestId: origin.replaceAll(' ', '-') };
}

type Parsed<Name extends OperationCommand> = Operations[OperationOfCommand[Name]]['input']['_zod']['output'];

/**
 * What a command with a form of its own gives its operation, checked by the schema of the operation, as for every other caller.
 * @throws `bad-request`; its message repeats no content
 */
export function inputOf<Name extends OperationCommand>(name: Name, fields: unknown): Parsed<Name> {
  // The schema of this name gave it.
  return checkedInput(operations[operationOfCommand[name]].input, fields) as Parsed<Name>;
}

/** The input of an operation, with its defaults. @throws `bad-request`; its message repeats no content */
export function checkedInput(schema: z.ZodType, fields: unknown): unknown {
  const checked = schema.safeParse(fields);
  if (checked.success) return checked.data;
  throw refusal('bad-request:sealed-content', { fields: placesOf(checked.error) });
}
