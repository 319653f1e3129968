import { z } from 'zod';
import { operation, pageFields } from './operation.js';
import { secondPersonClasses } from './second-person.js';

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
    .enum(['waiting', 'approved', 'refused', 'used'])
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
  }),
  'approvals.approve': operation({
    ...{ method: 'POST', path: '/approvals/{id}/approve', ...self, audit: 'write', needsStepUp: true },
    summary: 'Approve the request of another user, for one use within 30 minutes of the request.',
    description: 'You need the scope of the operation, and all cameras of the user who asks.',
    input: byId,
    answer: { kind: 'json', schema: approval },
    errors: [...decided, 'own-approval', 'approver-too-new'],
  }),
  'approvals.refuse': operation({
    ...{ method: 'POST', path: '/approvals/{id}/refuse', ...self, audit: 'write' },
    summary: 'Refuse a request, or take your own back, also after it was approved.',
    input: byId,
    answer: { kind: 'json', schema: approval },
    errors: decided,
  }),
} as const;
