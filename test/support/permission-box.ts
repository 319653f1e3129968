import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type OperationDeclaration, type RateClass, rateClasses } from '../../daemon/contract/operation.js';
import { type OperationId, operations } from '../../daemon/contract/operations.js';
import { allScopes, type builtInRoles, type Scope } from '../../daemon/contract/scopes.js';
import { writeInput } from '../../daemon/core/api/written-input.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { secondPersonClasses } from '../../daemon/kernel/second-person-classes.js';
import { type LocalBox, makeLocalBox } from '../../scripts/local-box.js';
import { demoSections, type Seeded, seedDemo } from '../../scripts/seeding/seed.js';
import { goodPassword } from './accounts-fixture.js';
import { startBoxGate } from './box-gate.js';
import { freePort } from './listening.js';
import type { TableRole } from './permissions.js';
import { temporaryDirectory } from './temporary-directory.js';
import { until } from './until.js';

/** What the gate answered. */
export interface Answered {
  readonly status: number;
  /** Of an error; otherwise undefined. */
  readonly code: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly message: string;
  /** The limit of the rate class that the request counted for. */
  readonly limit: number;
  /** The whole answer, or its first lines where it does not end. */
  readonly body: string;
}

export interface PermissionBox extends AsyncDisposable {
  readonly local: LocalBox;
  readonly seeded: Seeded;
  /** The access token of a user with each role, who has just logged in. */
  readonly tokens: Readonly<Record<TableRole, string>>;
  /** The access token of a user who has to change the password first. */
  readonly newcomer: string;
  /** Asks through the gate with input that no operation takes: whoever may not call it hears that first, and nothing is done. */
  probe(id: OperationId, token: string | undefined): Promise<Answered>;
  /** Calls an operation through the gate. `key`: of the header `Idempotency-Key`. */
  call(
    id: OperationId,
    input: object,
    token: string | undefined,
    lines?: number,
    key?: string,
  ): Promise<Answered>;
  /** An API key with these scopes. */
  key(scopes: readonly Scope[]): Promise<string>;
  /** The access token of a new administrator, of these cameras alone if any are named. */
  administrator(userName: string, cameras?: readonly string[]): Promise<string>;
}

/** The figure by which an answer tells which class it counted for. */
export const limitOf = (rate: RateClass): number => 90_000 + rateClasses.indexOf(rate);

const limits = rateClasses.map((rate) => `${rate}: ${limitOf(rate)}`).join(', ');
const sections = (hookPort: number): string => `api:
  secondPerson: [${secondPersonClasses.join(', ')}]
  limits: { ${limits} }
alerts:
  webhooks: [{ id: control-room, url: "http://127.0.0.1:${hookPort}/rollcall", secret: alerts }]
  rules:
    - { id: camera-down, on: camera-down, channels: [control-room] }
    - { id: front-door, on: camera-down, cameras: [front-door], channels: [control-room] }
    - { id: back-door, on: camera-down, cameras: [back-door], channels: [control-room] }
`;

/** A box with its gate, the data of two cameras, a user of each role, and every class waiting for a second person. */
export async function openPermissionBox(options: { readonly hookPort: number }): Promise<PermissionBox> {
  const lifetime = new Lifetime(systemClock);
  try {
    return await open(options, lifetime);
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw error;
  }
}

async function open({ hookPort }: { readonly hookPort: number }, lifetime: Lifetime): Promise<PermissionBox> {
  const directory = lifetime.use('directory', await temporaryDirectory());
  const port = await freePort();
  const local = await makeLocalBox({
    ...{ directory: join(directory.path, 'box'), comment: 'A test of permissions.' },
    sections: demoSections(port).replaceAll(', enabled: false', '') + sections(hookPort),
    secrets: { alerts: 'a secret of a test only', 'gallery-key.next': randomBytes(16).toString('hex') },
  });
  lifetime.use('box', local);
  await local.start();
  const seeded = await seedDemo(local);
  lifetime.use('gate', startBoxGate(local));
  const agent = new Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false });
  const ask = (asked: Asked): Promise<Answered> => askOver(port, agent, asked);
  await until('the gate', () =>
    ask({ method: 'GET', path: '/auth/me', token: undefined }).then(
      ({ status }) => status === 401,
      () => false,
    ),
  );
  const call: PermissionBox['call'] = (id, input, token, lines, key) => {
    const declaration: OperationDeclaration = operations[id];
    const { headers: written, ...sent } = writeInput(declaration, { ...input });
    const headers = { ...written, ...(key === undefined ? {} : { 'idempotency-key': key }) };
    return ask({ ...sent, headers, ...ways(declaration), token, lines });
  };
  const login = async (userName: string, password: string): Promise<string> => {
    const { body } = await call('auth.login', { userName, password }, undefined);
    return tokenIn(body);
  };
  const withOwnPassword = async (userName: string, initial: string): Promise<string> => {
    const first = await login(userName, initial);
    await call('auth.change-password', { oldPassword: initial, newPassword: goodPassword }, first);
    return login(userName, goodPassword);
  };
  const create = async (userName: string, role: string, cameras?: readonly string[]): Promise<string> => {
    const made = await local.client.call('users.create', {
      userName,
      role,
      ...(cameras ? { cameras: [...cameras] } : {}),
    });
    return made.initialPassword ?? '';
  };
  const tokens: [string, string][] = [];
  for (const { role, userName, password, mustChange } of seeded.logins) {
    const token = mustChange ? await withOwnPassword(userName, password) : await login(userName, password);
    tokens.push([role, token]);
  }
  return {
    ...{ local, seeded, call },
    // Each role of `builtInRoles` has a login.
    tokens: Object.fromEntries(tokens) as Record<keyof typeof builtInRoles, string>,
    newcomer: await login('newcomer', await create('newcomer', 'admin')),
    probe(id, token) {
      const declaration: OperationDeclaration = operations[id];
      const path = `${declaration.path.replaceAll(/\{\w+\}/g, 'x1')}?no-such-field=1`;
      return ask({ path, headers: {}, body: undefined, ...ways(declaration), token });
    },
    async key(scopes) {
      const { secret } = await local.client.call('api-keys.create', { label: 'test', scopes: [...scopes] });
      return secret;
    },
    administrator: async (userName, cameras) =>
      withOwnPassword(userName, await create(userName, 'admin', cameras)),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await lifetime[Symbol.asyncDispose]();
    },
  };
}

export const everyScope: readonly Scope[] = allScopes;

const tokenIn = (body: string): string => {
  const { data } = JSON.parse(body) as { readonly data?: { readonly accessToken?: string } };
  if (data?.accessToken === undefined) throw new Error(`the login gave no token: ${body}`);
  return data.accessToken;
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  readonly token: string | undefined;
  readonly isEndless?: boolean;
  /** Of an answer that does not end, so many lines are read. */
  readonly lines?: number | undefined;
}

/** What callers of the network send besides the input. */
function ways({ method, path, isWebSocket, rate }: OperationDeclaration): Pick<
  Asked,
  'method' | 'isEndless'
> & {
  readonly upgrade: boolean;
} {
  return { method, upgrade: isWebSocket === true, isEndless: rate === 'stream' || path === '/imports' };
}

/** Opens a WebSocket as a program does. */
const upgradeHeaders = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

function askOver(
  port: number,
  agent: Agent,
  {
    method,
    path,
    headers,
    body,
    token,
    isEndless,
    lines = 1,
    ...rest
  }: Asked & { readonly upgrade?: boolean },
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const isUpgrade = rest.upgrade === true;
    const asking = request({
      ...{ host: 'localhost', port, method, path: `/api/v1${path}`, rejectUnauthorized: false },
      ...(isUpgrade ? { agent: false } : { agent }),
      headers: {
        ...headers,
        ...(isUpgrade ? upgradeHeaders : {}),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    asking.on('error', reject);
    asking.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, code: undefined, details: {}, message: '', limit: 0, body: '' });
    });
    asking.on('response', (response) => {
      const status = response.statusCode ?? 0;
      const read = isEndless === true && status === 200 ? firstLines(response, lines) : text(response);
      read.then((said) => {
        const limit = Number(response.headers['ratelimit-limit'] ?? 0);
        resolve({ status, limit, body: said, ...errorIn(status, said) });
      }, reject);
    });
    asking.end(body);
  });
}

function errorIn(status: number, said: string): Pick<Answered, 'code' | 'details' | 'message'> {
  if (status < 400) return { code: undefined, details: {}, message: '' };
  const { error } = JSON.parse(said) as {
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly details?: Record<string, unknown>;
    };
  };
  return { code: error.code, message: error.message, details: error.details ?? {} };
}

/** The first lines of an answer that stays open. */
function firstLines(response: IncomingMessage, count: number): Promise<string> {
  let said = '';
  response.setEncoding('utf8').on('error', () => undefined);
  return new Promise((resolve) => {
    response.on('data', (piece: string) => {
      said += piece;
      if (said.split('\n').length > count) resolve(said);
    });
    response.on('close', () => resolve(said));
  });
}
