import { z } from 'zod';
import type { CommandScope } from '../command-scopes.js';
import type { CallOutput, CentreCall, OperationDeclaration, Page } from '../operation.js';
import { type Operations, operations } from '../operations.js';
import { largestTokenBytes } from './message-fields.js';

type DeclaredCommand<D, Form> = D extends {
  readonly centre: { readonly command: infer Name extends string } & Form;
}
  ? Name
  : never;

/** The operations that have a command of their own, by its name. */
export type OperationOfCommand = {
  readonly [Id in keyof Operations as DeclaredCommand<Operations[Id], unknown>]: Id;
};

/** Those whose command takes the input of the operation and gives its answer. */
export type CalledOperation = {
  readonly [Id in keyof Operations as DeclaredCommand<Operations[Id], { readonly answerAs: string }>]: Id;
};

const declarations: readonly (readonly [id: string, declaration: OperationDeclaration])[] =
  Object.entries(operations);

/** The operation behind each command that has one. */
export const operationOfCommand = Object.fromEntries(
  declarations.flatMap(([id, { centre }]) => (centre?.command === undefined ? [] : [[centre.command, id]])),
  // The declarations give names and operations, as the type reads them.
) as OperationOfCommand;

type ResultOf<D extends OperationDeclaration> = D extends {
  readonly centre: { readonly answerAs: infer As extends string };
}
  ? As extends 'page'
    ? {
        readonly items: readonly (CallOutput<D> extends Page<infer Item> ? Item : never)[];
        readonly nextCursor?: string | undefined;
      }
    : As extends 'items'
      ? { readonly items: readonly (CallOutput<D> extends AsyncIterable<infer Item> ? Item : never)[] }
      : { readonly [Field in As]: CallOutput<D> }
  : never;

type CalledCommands = {
  readonly [Name in keyof CalledOperation]: {
    readonly scope: Operations[CalledOperation[Name]]['centre']['scope'];
    readonly largestBytes: number;
    readonly arguments: Operations[CalledOperation[Name]]['input'];
    readonly result: z.ZodObject & z.ZodType<ResultOf<Operations[CalledOperation[Name]]>>;
  };
};

/** What the answer of an operation is as data: of lines, all of them. */
export function answerSchema({ answer }: OperationDeclaration): z.ZodType {
  switch (answer.kind) {
    case 'json':
      return answer.schema;
    case 'page':
      return z.strictObject({
        items: z.array(answer.item).readonly(),
        nextCursor: z.string().optional().describe('`cursor` of the next command; absent on the last page'),
      });
    case 'lines':
      return z.strictObject({ items: z.array(answer.item).readonly() });
    case 'file':
      throw new TypeError('a file does not travel in a command');
  }
}

/** Commands that take the input of an operation and give its answer. What is in them is in events, too: ids, no names. */
export const calledOperations = Object.fromEntries(
  declarations.flatMap(([, declaration]) => {
    const { centre, input } = declaration;
    if (centre?.command === undefined || centre.answerAs === undefined) return [];
    const isWhole = ['page', 'items'].includes(centre.answerAs);
    const schema = answerSchema(declaration);
    const result = isWhole ? schema : z.strictObject({ [centre.answerAs]: schema });
    return [
      [centre.command, { scope: centre.scope, largestBytes: largestTokenBytes, arguments: input, result }],
    ];
  }),
  // The declarations give names and schemas, as the type reads them.
) as unknown as CalledCommands;

/** The operations that `call-operation` calls, with what each demands. */
export const centreCalls: ReadonlyMap<string, OperationDeclaration & { readonly centre: CentreCall }> =
  new Map(
    declarations.flatMap(([id, declaration]) => {
      const { centre, files, secrets, answer } = declaration;
      if (
        centre === undefined ||
        centre?.isOnlyOwn === true ||
        files !== undefined ||
        secrets !== undefined ||
        answer.kind === 'file'
      )
        return [];
      return [[id, { ...declaration, centre }] as const];
    }),
  );

/** What an issuer must be trusted with to call an operation; undefined where centres do not call it. */
export const scopeOfCall = (operation: unknown): CommandScope | undefined =>
  typeof operation === 'string' ? centreCalls.get(operation)?.centre.scope : undefined;
