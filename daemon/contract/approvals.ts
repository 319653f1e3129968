import { z } from 'zod';
import { approvalStates } from '../kernel/approval-state.js';
import { secondPersonClasses } from '../kernel/second-person-classes.js';
import { table } from '../kernel/text-table.js';
import type { ShownWith } from './command-line.js';
import { operation, pageFields } from './operation.js';

/** A request of one user that a second person decides. */
export const approval = z.object({
  id: z.string(),
  operation: z.string().describe('What is to be done: the id of the operation.'),
  class: z.enum(secondPersonClasses),
  input: z
    .record(z.string(), z.unknown())
    .describe('What it is to be done to: the fields of the request, without secrets and files.'),
  askedBy: z.object({ id: z.string(), userName: z.string() }),
  askedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().describe('The request and its approval end then.'),
  state: z
    .enum(approvalStates)
    .describe('`used`: the operation was begun with it. It cannot be begun again.'),
  decidedBy: z
    .string()
    .exactOptional()
    .describe('The actor who approved or refused it, as in the audit log.'),
});
export type Approval = z.infer<typeof approval>;

const byId = z.strictObject({ id: z.string().max(64) });
const self = { scope: 'self', rate: 'default' } as const;
const decided = ['no-such-approval', 'approval-decided', 'not-an-account'] as const;

function describeApprovals(approvals: readonly Approval[], { show }: ShownWith): string {
  if (approvals.length === 0) return 'No request waits for a second person.';
  const rows = approvals.map(({ id, operation: what, input, askedBy, expiresAt, state }) => [
    ...[id, what, JSON.stringify(input), askedBy.userName, show(expiresAt), state],
  ]);
  return table(['id', 'operation', 'with', 'asked by', 'until', 'state'], rows);
}

const describeDecided = ({ operation: what, askedBy, state }: Approval): string =>
  `${what}, asked by ${askedBy.userName}, is ${state}.`;
const chosen = { id: ['id', 'id of the request, from the list'] } as const;

export const approvalOperations = {
  'approvals.list': operation({
    ...{ method: 'GET', path: '/approvals', ...self },
    summary:
      'List the requests that wait for a second person, newest first: your own, and those that you may decide.',
    description:
      'A request is made by calling an operation of a class that `api.secondPerson` names. The answer is `approval-required`; the same call, repeated after the approval, does it.',
    input: z.strictObject(pageFields),
    answer: { kind: 'page', item: approval },
    errors: ['not-an-account'],
    commandLines: [
      {
        words: 'approval list',
        does: 'list the requests of the last 30 minutes with their states',
        text: describeApprovals,
        examples: [['rollcall approval list', 'show what users ask a second person for']],
      },
    ],
  }),
  'approvals.approve': operation({
    ...{ method: 'POST', path: '/approvals/{id}/approve', ...self, audit: 'write', needsStepUp: true },
    summary: 'Approve the request of another user, for one use within 30 minutes of the request.',
    description:
      'You need the scope of the operation, all cameras of the user who asks, and a proof of identity that is newer than the request.',
    input: byId,
    answer: { kind: 'json', schema: approval },
    errors: [...decided, 'own-approval', 'approver-too-new'],
    commandLines: [
      {
        words: 'approval approve',
        does: 'let a user do once what they asked for, within 30 minutes of the request',
        arguments: chosen,
        text: describeDecided,
        examples: [['rollcall approval approve q-01hzx2m9', 'let the user do exactly this, once']],
      },
    ],
  }),
  'approvals.refuse': operation({
    ...{ method: 'POST', path: '/approvals/{id}/refuse', ...self, audit: 'write' },
    summary: 'Refuse a request, or take your own back, also after it was approved.',
    input: byId,
    answer: { kind: 'json', schema: approval },
    errors: decided,
    commandLines: [
      {
        words: 'approval refuse',
        does: 'refuse a request, also after it was approved',
        arguments: chosen,
        text: describeDecided,
        examples: [['rollcall approval refuse q-01hzx2m9', 'keep the user from it']],
      },
    ],
  }),
} as const;
