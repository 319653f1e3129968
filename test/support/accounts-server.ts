import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { apiKeyOperations } from '../../daemon/contract/api-keys.js';
import { approvalOperations } from '../../daemon/contract/approvals.js';
import { authOperations } from '../../daemon/contract/auth.js';
import { passkeyOperations } from '../../daemon/contract/passkeys.js';
import { roleOperations } from '../../daemon/contract/roles.js';
import { userOperations } from '../../daemon/contract/users.js';
import { gateCallers } from '../../daemon/core/accounts/gate-callers.js';
import type { AccountsOptions } from '../../daemon/core/accounts/open-accounts.js';
import { refusalTrail } from '../../daemon/core/accounts/refusal-trail.js';
import { serveOperations } from '../../daemon/core/api/serve.js';
import { ReadingTrail } from '../../daemon/core/audit/reading-trail.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type AccountsFixture, openAccountsFixture } from './accounts-fixture.js';

export const accountOperations = {
  ...authOperations,
  ...passkeyOperations,
  ...approvalOperations,
  ...userOperations,
  ...roleOperations,
  ...apiKeyOperations,
} as const;

export interface AccountsServer extends AsyncDisposable {
  readonly box: AccountsFixture;
  /** A request as the gate passes it on. */
  ask(request: Asked): Promise<Answered>;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** A stream is sent as it is, piece by piece. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly data?: Readonly<Record<string, unknown>>;
    readonly error?: { readonly code: string; readonly details: Readonly<Record<string, unknown>> };
  };
}

/** The operations on accounts over HTTP on the loopback, as the gate reaches them. */
export async function openAccountsServer(options: Partial<AccountsOptions> = {}): Promise<AccountsServer> {
  const box = await openAccountsFixture(options);
  const { clock, entries } = box;
  const audit = {
    append: (entry: (typeof entries)[number]) => ({ sequence: entries.push(entry), hash: '' }),
  };
  const trail = new ReadingTrail({ audit, clock, logger: silentLogger });
  const app = serveOperations({
    operations: accountOperations,
    handlers: box.accounts.handlers,
    ...gateCallers(box.accounts),
    secondPerson: (asked, caller) => box.accounts.admit(asked, caller),
    onRefused: refusalTrail({ trail, logger: silentLogger }),
    admission: { count: async () => ({}), enter: () => () => undefined },
    isLocal: false,
    nowMs: () => clock.wallMs(),
    logger: silentLogger,
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { port } = address;
  return {
    box,
    async ask({ method, path, body, headers = {} }) {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
        method,
        headers: {
          'x-rollcall-address': '192.0.2.7',
          'user-agent': 'curl/8.5.0',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : sentBody(body)),
      });
      return {
        status: response.status,
        headers: response.headers,
        body: response.status === 304 ? {} : ((await response.json()) as Answered['body']),
      };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await trail[Symbol.asyncDispose]();
      await box[Symbol.asyncDispose]();
    },
  };
}

const sentBody = (body: unknown): RequestInit =>
  body instanceof ReadableStream ? { body, duplex: 'half' } : { body: JSON.stringify(body) };
