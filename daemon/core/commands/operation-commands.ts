import { z } from 'zod';
import {
  answerSchema,
  type CalledOperation,
  calledOperations,
  centreCalls,
  operationOfCommand,
} from '../../contract/events/called-operations.js';
import type { Call } from '../../contract/handlers.js';
import type { OperationDeclaration, Page } from '../../contract/operation.js';
import { operations as declarations } from '../../contract/operations.js';
import { defect } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import type { BoxDecryption } from '../identity/identity-keys.js';
import {
  type CommandContext,
  type CommandFailure,
  type CommandHandlers,
  failed,
} from './command-handlers.js';
import { type CentreOperation, type CentreOperations, callOf, checkedInput } from './command-operations.js';
import { openSealedJson, sealJson } from './sealed-content.js';

/** Longest answer, bytes of JSON. An answer is an event: it waits on the disk and travels in one message. */
export const longestAnswerBytes = 256 * 1024;

/** The commands that take the input of an operation and give its answer. Their answers hold ids and no names. */
export function operationCommands(
  operations: CentreOperations,
): Pick<CommandHandlers, keyof CalledOperation> {
  // The declarations have a command for each of these names.
  const names = Object.keys(calledOperations) as (keyof CalledOperation)[];
  const handlers = names.map((name) => {
    const id = operationOfCommand[name];
    const { centre } = declarations[id];
    const handler = async (given: unknown, context: CommandContext) => {
      const answer = await answerOf(id, operations, given, callOf(centre.scope, context));
      if (answer === undefined) return tooLong;
      const { answerAs } = centre;
      const whole = answerAs === 'page' || answerAs === 'items' ? answer : { [answerAs]: answer };
      const result = checkedAnswer(name, calledOperations[name].result, whole);
      return result === undefined ? tooLong : { outcome: 'done', result };
    };
    return [name, handler] as const;
  });
  return Object.fromEntries(handlers) as Pick<CommandHandlers, keyof CalledOperation>;
}

/**
 * The command that calls any operation which the contract opens to centres. What is personal travels sealed: a command that sends it
 * openly, or asks for it without a key, is refused before anything happens.
 */
export function genericCommand(
  operations: CentreOperations,
  decryption: BoxDecryption,
): Pick<CommandHandlers, 'call-operation'> {
  return {
    async 'call-operation'({ operation, input, sealed, sealTo }, context) {
      const declaration = centreCalls.get(operation);
      // The command was refused when it came if there is none; another release may have kept it.
      if (declaration === undefined)
        return failed('unknown-operation', `centres cannot call the operation ${operation}`);
      const isSealed = (part: 'input' | 'answer') =>
        declaration.centre.sealed === part || declaration.centre.sealed === 'both';
      if (isSealed('input') !== (sealed !== undefined) || (sealed !== undefined && input !== undefined))
        return isSealed('input') ? mustSealInput : mustNotSealInput;
      if (isSealed('answer') && sealTo === undefined) return mustHaveKey;
      // A key that cannot be used is refused before anything happens.
      if (sealTo !== undefined) sealJson(sealTo, null);
      const schema = declaration.input ?? noFields;
      const given =
        sealed === undefined ? checkedInput(schema, input ?? {}) : openSealedJson(sealed, decryption, schema);
      // Only operations of centres are in the table.
      const id = operation as CentreOperation;
      const answer = await answerOf(id, operations, given, callOf(declaration.centre.scope, context));
      const checked =
        answer === undefined ? undefined : checkedAnswer(operation, answerSchema(declaration), answer);
      // What has changed something is done, whatever its answer takes.
      if (checked === undefined)
        return declaration.method === 'GET'
          ? tooLong
          : { outcome: 'done', result: { operation, isTooLong: true } };
      const result =
        sealTo === undefined
          ? { operation, answer: checked }
          : { operation, sealed: sealJson(sealTo, checked) };
      return { outcome: 'done', result };
    },
  };
}

/** The input of an operation that takes none. */
const noFields = z.object({});

const mustSealInput = failed(
  'not-sealed',
  'the input of this operation is personal: send it in "sealed", sealed to the key of the box',
);
const mustNotSealInput = failed(
  'not-open',
  'the input of this operation is not personal: send it in "input", not sealed',
);
const mustHaveKey = failed(
  'not-sealed',
  'the answer of this operation is personal: give the key to which it is sealed in "sealTo"',
);

/** An answer as its schema describes it; fields that it does not name are cut. Undefined where it is too long for a message. */
function checkedAnswer(of: string, schema: z.ZodType, answer: unknown): unknown {
  const checked = schema.safeParse(answer);
  if (!checked.success) throw defect('answer-not-valid', `the answer to ${of} does not follow the contract`);
  return Buffer.byteLength(JSON.stringify(checked.data)) > longestAnswerBytes ? undefined : checked.data;
}

/** What an operation answers, as data; undefined where its lines are too long. */
async function answerOf(
  id: CentreOperation,
  operations: CentreOperations,
  input: unknown,
  call: Call,
): Promise<unknown> {
  // The input has been checked by the schema of this operation.
  const handler = operations[id] as (input: unknown, call: Call) => unknown;
  const answer = await handler(input, call);
  const { kind } = (declarations[id] as OperationDeclaration).answer;
  if (kind === 'page') return pageOf(answer as Page<unknown>);
  if (kind !== 'lines') return answer;
  const items = await gathered(answer as AsyncIterable<unknown>);
  return items && { items };
}

function pageOf<Item>(page: { readonly items: readonly Item[]; readonly nextCursor?: string | undefined }) {
  return { items: page.items, ...present({ nextCursor: page.nextCursor }) };
}

/** All lines; undefined where they are longer than an answer may be. */
async function gathered<Item>(lines: AsyncIterable<Item>): Promise<readonly Item[] | undefined> {
  const items: Item[] = [];
  let bytes = 0;
  for await (const item of lines) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > longestAnswerBytes) return undefined;
    items.push(item);
  }
  return items;
}

const tooLong: CommandFailure = failed(
  'answer-too-long',
  `the answer has more than ${longestAnswerBytes / 1024} KiB, which a message must not have; ask for less: a lower limit, a shorter period or one person`,
);
