import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Caller } from '../../daemon/contract/caller.js';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { allScopes } from '../../daemon/contract/scopes.js';
import { createAdmission, localBounds } from '../../daemon/core/api/admission.js';
import type { RateLimits } from '../../daemon/core/api/rate-limits.js';
import { requestListener } from '../../daemon/core/api/request-listener.js';
import type { InFlightBounds } from '../../daemon/core/api/requests-in-flight.js';
import { type ServeOptions, serveOperations } from '../../daemon/core/api/serve.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { present } from '../../daemon/kernel/present.js';

/** An answer, read whole. */
export interface Said {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly code: string | undefined;
  readonly body: string;
}

export interface OperationsServer extends AsyncDisposable {
  readonly port: number;
  ask(
    method: string,
    path: string,
    options?: {
      readonly as?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    },
  ): Promise<Said>;
}

/** A caller from the network with every scope. The name is also the end of the address. */
export function networkCaller(name: string): Caller {
  return {
    actor: `user:${name}`,
    userId: name,
    origin: 'https 192.0.2.1',
    scopes: new Set(allScopes),
    provedAtMs: 'always',
    isLimited: true,
    address: '192.0.2.1',
  };
}

/** Serves operations on loopback as the network sees them. The header `authorization` is the name of the caller. */
export async function startOperationsServer(options: {
  readonly operations: Readonly<Record<string, OperationDeclaration>>;
  readonly handlers: Readonly<Record<string, unknown>>;
  readonly bounds?: InFlightBounds;
  readonly rates?: RateLimits;
  readonly callerOf?: (name: string) => Caller;
  /** Replaces the callers by name. */
  readonly authenticate?: ServeOptions['authenticate'];
  readonly onRefused?: NonNullable<ServeOptions['onRefused']>;
  readonly creations?: ServeOptions['creations'];
  readonly secondPerson?: ServeOptions['secondPerson'];
}): Promise<OperationsServer> {
  const { operations, handlers, bounds = localBounds, rates, callerOf = networkCaller } = options;
  const app = serveOperations({
    ...{ operations, handlers, logger: silentLogger, isLocal: false, nowMs: Date.now },
    authenticate:
      options.authenticate ??
      (({ incoming: { headers } }) =>
        headers.authorization === undefined ? undefined : callerOf(headers.authorization)),
    anonymous: () => ({ ...networkCaller('anonymous'), userId: undefined, scopes: new Set() }),
    admission: createAdmission(() => bounds, rates),
    ...present({ onRefused: options.onRefused }),
    ...{ creations: options.creations, secondPerson: options.secondPerson },
  });
  const server = createServer(requestListener(app));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ask: (method, path, { as, headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const asking = request({
          ...{ host: '127.0.0.1', port, method, path: `/api/v1${path}` },
          // A request that is refused in the middle of its body must not share its connection.
          agent: false,
          headers: { ...headers, ...(as === undefined ? {} : { authorization: as }) },
        });
        asking.on('error', reject);
        asking.on('response', async (response) => {
          const said = await text(response);
          const code = /"code":"([^"]*)"/.exec(said)?.[1];
          resolve({ status: response.statusCode ?? 0, headers: response.headers, code, body: said });
        });
        asking.end(body);
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
