import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from '../../contract/caller.js';
import type { RequestFacts } from '../api/serve.js';
import { anonymousCaller, type Credentials } from './authenticate.js';
import type { Accounts } from './open-accounts.js';

/** Who sends a request through the gate. */
export interface GateCallers {
  /** @throws `unauthenticated`, `forbidden` */
  readonly authenticate: (facts: Pick<RequestFacts, 'incoming'>) => Promise<Caller | undefined>;
  /** The caller of a public operation. */
  readonly anonymous: (facts: Pick<RequestFacts, 'incoming'>) => Caller;
}

/** Reads what the gate says about callers. It may lie about the address and the origin, but cannot make credentials. */
export function gateCallers(accounts: Pick<Accounts, 'authenticate'>): GateCallers {
  return {
    authenticate: ({ incoming }) => accounts.authenticate(credentialsOf(incoming)),
    anonymous: ({ incoming }) => anonymousCaller(credentialsOf(incoming)),
  };
}

const reading: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD']);

function credentialsOf({
  headers,
  method,
}: {
  readonly headers: IncomingHttpHeaders;
  readonly method?: string | undefined;
}): Credentials {
  const { authorization, cookie } = headers;
  const origin = one(headers['x-rollcall-origin']);
  return {
    ...{ authorization, cookie },
    address: one(headers['x-rollcall-address']),
    agent: headers['user-agent'],
    isChange: !reading.has(method),
    // A browser names the origin of every change; a change without one comes from no page. Pages of listed origins send a token.
    isOwnOrigin: origin === 'same',
  };
}

const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;
