import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { table } from '../kernel/text-table.js';
import { accountId, cameraList, scopeList, userEnding, userGrant, userRead } from './account-fields.js';
import type { ShownWith } from './command-line.js';
import { operation } from './operation.js';
import { allScopes } from './scopes.js';

/** How long an API key may live. */
export const longestKeyDays = 730;
/** An API key of an integrator, without its secret. */
export const apiKey = z.object({
  id: z.string(),
  label: z.string(),
  scopes: z.array(z.enum(allScopes)).readonly(),
  cameras: z.array(z.string()).readonly().exactOptional(),
  createdBy: z.string().describe('Id of the user, or the user of the machine (`uid:0`).'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().exactOptional().describe('Exact to a minute.'),
});
export type ApiKey = z.infer<typeof apiKey>;

function describeKeys(keys: readonly ApiKey[], { show }: ShownWith): string {
  if (keys.length === 0) return 'There are no API keys.';
  const rows = keys.map(({ id, label, scopes, cameras, createdBy, expiresAt, lastUsedAt }) => [
    id,
    label,
    scopes.join(' '),
    cameras === undefined ? 'all' : counted(cameras.length, 'camera'),
    createdBy,
    show(expiresAt),
    lastUsedAt === undefined ? 'never' : show(lastUsedAt),
  ]);
  return table(['id', 'label', 'scopes', 'cameras', 'created by', 'valid until', 'last used'], rows);
}

export const apiKeyOperations = {
  'api-keys.list': operation({
    ...{ method: 'GET', path: '/api-keys', ...userRead },
    summary: 'List the API keys, newest first, without their secrets.',
    answer: { kind: 'json', schema: z.array(apiKey).readonly() },
    errors: [],
    commandLines: [
      {
        words: 'user key list',
        does: 'list the API keys without their secrets, the newest first',
        text: describeKeys,
        examples: [['rollcall user key list', 'show which programs have keys, and when they used them']],
      },
    ],
  }),
  'api-keys.create': operation({
    ...{ method: 'POST', path: '/api-keys', ...userGrant },
    summary: 'Create an API key for a program. Its secret is shown once.',
    description:
      'A key can do at most what its creator can do at that moment, and ends with the account of its creator. It never passes an operation that asks for a fresh proof of identity.',
    input: z.strictObject({
      label: z.string().min(1).max(100),
      scopes: scopeList.min(1),
      cameras: cameraList.optional(),
      expiresInDays: z.int().min(1).max(longestKeyDays).default(365),
    }),
    answer: { kind: 'json', schema: z.object({ apiKey, secret: z.string().describe('Shown only here.') }) },
    creates: {
      id: 'apiKey.id',
      foundBy: 'api-keys.list',
      lost: 'Revoke the API key (api-keys.revoke), then create another one with a new key.',
    },
    errors: ['beyond-own-scopes', 'too-many-api-keys'],
    commandLines: [
      {
        words: 'user key add',
        does: 'create an API key and show its secret, which is shown only once',
        arguments: {
          label: ['label', 'what the key is for, such as the name of the program; at most 100 characters'],
        },
        options: {
          scopes: ['--scope <scope...>', 'what the program may do'],
          cameras: ['--camera <id...>', 'limit the key to these cameras; default: all'],
          expiresInDays: ['--days <count>', 'how long the key is valid, at most 730; default: 365'],
        },
        text: (made: { readonly apiKey: ApiKey; readonly secret: string }, { show }) =>
          [
            `${made.apiKey.id} (${made.apiKey.label}), valid until ${show(made.apiKey.expiresAt)}`,
            `secret: ${made.secret}`,
            "The secret is shown only here. The program sends it as 'Authorization: Bearer …'.",
          ].join('\n'),
        examples: [
          [
            'rollcall user key add payroll --scope attendance:read events:read --days 90',
            'create a key for a program that reads attendance',
          ],
        ],
      },
    ],
  }),
  'api-keys.revoke': operation({
    ...{ method: 'DELETE', path: '/api-keys/{id}', ...userEnding },
    summary: 'Revoke an API key immediately.',
    input: z.strictObject({ id: accountId }),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: ['no-such-api-key', 'beyond-own-scopes'],
    commandLines: [
      {
        words: 'user key revoke',
        does: 'end an API key at once',
        arguments: { id: ['id', "id of the key, from 'rollcall user key list'"] },
        confirms: ({ input: { id } }) =>
          `The program that uses the API key ${id} can no longer reach the box.`,
        text: (_: unknown, { input: { id } }) => `The API key ${id} is revoked.`,
        examples: [
          ['rollcall user key revoke k-4hz8c2m6q0w3e5r7t9y1u3i5o7', 'ask for confirmation, then end a key'],
        ],
      },
    ],
  }),
} as const;
