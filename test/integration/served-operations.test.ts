import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { z } from 'zod';
import { errorEnvelope, problemDetails } from '../../daemon/contract/api-errors.js';
import type { Caller } from '../../daemon/contract/caller.js';
import type { Handlers } from '../../daemon/contract/handlers.js';
import { operation } from '../../daemon/contract/operation.js';
import { says } from '../../daemon/contract/said.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { serveOperations } from '../../daemon/core/api/serve.js';
import { badInput, operational } from '../../daemon/kernel/errors.js';
import type { LogFields, Logger } from '../../daemon/kernel/logger.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { said } from '../../daemon/kernel/said.js';
import { inEnglish } from '../../daemon/words/language.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const named = z.strictObject({ id: z.string().max(20) });

/** What somebody sent, beside a text of the box. */
const kept = z.object({
  sent: z.record(z.string(), z.unknown()),
  title: z.string(),
  says: says('title'),
});
const aboutKept = { method: 'GET', errors: [], scope: 'events:read', rate: 'default' } as const;
const keptRecord = {
  ...inEnglish({ title: said('passages/remedy-light') }),
  sent: {
    threshold: 0.1,
    says: { threshold: said('doctor/verbatim', { text: '0.5' }) },
    within: { says: null },
  },
};

/** A contract with one operation for each kind of answer and each rule. */
const contract = {
  'things.list': operation({
    method: 'GET',
    path: '/things',
    summary: 'List the things.',
    input: z.strictObject({ limit: z.int().max(10).default(3), isOld: z.boolean().optional() }),
    answer: { kind: 'page', item: z.object({ id: z.string() }) },
    errors: [],
    scope: 'events:read',
    rate: 'default',
  }),
  'things.show': operation({
    method: 'GET',
    path: '/things/{id}',
    summary: 'Show a thing.',
    input: named,
    answer: { kind: 'json', schema: z.object({ id: z.string(), size: z.number() }) },
    errors: ['no-such-thing'],
    scope: 'events:read',
    rate: 'default',
  }),
  'things.follow': operation({
    method: 'GET',
    path: '/things/follow',
    summary: 'Follow the things.',
    input: z.strictObject({ fails: z.enum(['first', 'later', 'never', 'waits']) }),
    answer: { kind: 'lines', item: z.object({ number: z.int() }) },
    errors: [],
    scope: 'events:read',
    rate: 'stream',
  }),
  'things.count': operation({
    method: 'GET',
    path: '/things/count',
    summary: 'Count the things.',
    input: z.strictObject({ fails: z.enum(['first', 'later', 'never', 'empty']) }),
    answer: { kind: 'lines', item: z.object({ number: z.int() }), isBounded: true },
    errors: [],
    scope: 'events:read',
    rate: 'default',
  }),
  'things.picture': operation({
    method: 'GET',
    path: '/things/{id}/picture',
    summary: 'Get the picture of a thing.',
    input: named,
    answer: { kind: 'file', mediaType: 'image/png' },
    errors: [],
    scope: 'self',
    rate: 'default',
  }),
  'things.erase': operation({
    method: 'DELETE',
    path: '/things/{id}',
    summary: 'Erase a thing.',
    input: named,
    answer: { kind: 'json', schema: z.object({ by: z.string() }) },
    errors: [],
    scope: 'persons:erase',
    rate: 'default',
    needsStepUp: true,
  }),
  'cameras.look': operation({
    method: 'POST',
    path: '/cameras/{id}/look',
    summary: 'Look through a camera.',
    input: named,
    answer: { kind: 'json', schema: z.object({}) },
    errors: [],
    scope: 'live:watch',
    rate: 'default',
    camera: 'id',
  }),
  'box.greet': operation({
    method: 'GET',
    path: '/greeting',
    summary: 'Greet.',
    answer: { kind: 'json', schema: z.object({ to: z.string() }) },
    errors: [],
    scope: 'public',
    rate: 'default',
    deprecated: { since: '2026-11-01', sunset: '2027-05-01' },
  }),
  'kept.show': operation({
    ...{ ...aboutKept, path: '/kept/one', summary: 'Show it.' },
    answer: { kind: 'json', schema: kept },
  }),
  'kept.list': operation({
    ...{ ...aboutKept, path: '/kept/page', summary: 'List it.' },
    answer: { kind: 'page', item: kept },
  }),
  'kept.follow': operation({
    ...{ ...aboutKept, path: '/kept/lines', summary: 'Follow it.' },
    answer: { kind: 'lines', item: kept },
  }),
  'box.files': operation({
    method: 'GET',
    path: '/files',
    summary: 'List files of the box.',
    answer: { kind: 'json', schema: z.object({}) },
    errors: [],
    scope: 'backups:read',
    rate: 'default',
    isLocalOnly: true,
  }),
} as const;

const nowMs = 1_000_000_000;

interface Served extends AsyncDisposable {
  /** Generators that ended. */
  readonly ended: string[];
  readonly refused: string[];
  readonly logged: { readonly message: string; readonly fields: LogFields | undefined }[];
  ask(
    method: string,
    path: string,
    options?: {
      readonly as?: Partial<Caller>;
      readonly requestId?: string;
      readonly accept?: string;
      readonly language?: string;
    },
  ): Promise<{
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }>;
  /** Requests that were admitted and have given nothing back. */
  readonly places: { readonly taken: number };
  finishLooking(): void;
  /** Gives every caller other rights, or ends their logins. */
  changeRights(as: Partial<Caller> | undefined): void;
  /** Sends a request; the result breaks the connection. */
  leaveSoon(method: string, path: string, as: Partial<Caller>): () => void;
  open(path: string): Promise<{ readonly response: IncomingMessage; leave(): void }>;
}

function caller(scopes: readonly Scope[], more: Partial<Caller> = {}): Caller {
  return {
    ...{ actor: 'user:u1', origin: 'https 192.0.2.7', scopes: new Set(scopes) },
    ...{ provedAtMs: nowMs, isLimited: true, ...more },
  };
}

async function serveThings(): Promise<Served> {
  const directory = await temporaryDirectory();
  const ended: string[] = [];
  const refused: string[] = [];
  const logged: { message: string; fields: LogFields | undefined }[] = [];
  const note = (message: string, fields?: LogFields): void => void logged.push({ message, fields });
  const logger: Logger = { ...silentLogger, warn: note, error: note };
  const callers = new Map<string, Caller>();
  const places = { taken: 0 };
  let finishLooking: () => void = () => undefined;
  const looked = new Promise<void>((resolve) => {
    finishLooking = resolve;
  });
  const handlers: Handlers<typeof contract> = {
    'things.list': ({ limit, isOld }) => ({
      items: Array.from({ length: limit }, (_, index) => ({
        id: `${isOld === true ? 'old' : 'new'} ${index}`,
        secret: 1,
      })),
      nextCursor: 'c2',
      total: 9,
    }),
    'things.show': ({ id }) => {
      if (id === 'none') throw badInput('no-such-thing', 'there is no thing "none"', { remedy: 'list them' });
      if (id === 'later')
        throw operational('disk-full', 'the disk is full', { details: { retryAfterS: 3.2 } });
      if (id === 'broken') throw new Error('a secret inside');
      return { id, size: id === 'wrong' ? Number.NaN : 1 };
    },
    'things.follow': async function* ({ fails }, { signal }) {
      try {
        if (fails === 'first') throw badInput('bad-range', 'the range is empty');
        yield { number: 1 };
        if (fails === 'later') throw operational('disk-full', 'the disk is full');
        if (fails === 'waits') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield { number: 2 };
      } finally {
        ended.push(fails);
      }
    },
    'things.count': async function* ({ fails }) {
      if (fails === 'first') throw badInput('bad-range', 'the range is empty');
      if (fails === 'empty') return;
      yield { number: 1 };
      if (fails === 'later') throw operational('disk-full', 'the disk is full');
      yield { number: 2 };
    },
    'things.picture': () => ({ bytes: Buffer.from('PNG') }),
    'things.erase': (_input, { caller: { actor } }) => ({ by: actor }),
    async 'cameras.look'({ id }, { signal }) {
      if (id !== 'slow') return {};
      signal.addEventListener('abort', () => ended.push('the caller left'));
      await looked;
      return {};
    },
    'box.greet': (_input, { caller: { actor } }) => ({ to: actor }),
    'kept.show': () => keptRecord,
    'kept.list': () => ({ items: [keptRecord] }),
    'kept.follow': async function* () {
      yield keptRecord;
    },
    'box.files': () => ({}),
  };
  const app = serveOperations({
    ...{ operations: contract, handlers, logger, isLocal: false, nowMs: () => nowMs, rightsEveryMs: 20 },
    authenticate: ({ incoming }) => callers.get(incoming.headers.authorization ?? ''),
    anonymous: () => caller([], { actor: 'anonymous' }),
    onRefused: (id, who, { code }) => refused.push(`${id} ${who.actor} ${code}`),
    admission: {
      count: async () => ({ 'ratelimit-remaining': '7' }),
      enter() {
        places.taken += 1;
        return () => {
          places.taken -= 1;
        };
      },
    },
  });
  const listener = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  const socketPath = join(directory.path, 'api.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  let count = 0;
  const send = (
    method: string,
    path: string,
    { as, requestId, accept, language }: Parameters<Served['ask']>[2] = {},
  ) => {
    const token = `t${++count}`;
    if (as !== undefined) callers.set(token, caller([], as));
    const headers = {
      authorization: token,
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
      ...(accept === undefined ? {} : { accept }),
      ...(language === undefined ? {} : { 'accept-language': language }),
    };
    return request({ socketPath, method, path: `/api/v1${path}`, headers });
  };
  return {
    ended,
    refused,
    logged,
    async ask(method, path, options) {
      const asking = send(method, path, options);
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        asking.once('response', resolve).once('error', reject);
      });
      asking.end();
      const response = await answered;
      return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
    },
    places,
    finishLooking: () => finishLooking(),
    changeRights(as) {
      for (const token of callers.keys()) {
        if (as === undefined) callers.delete(token);
        else callers.set(token, caller([], as));
      }
    },
    leaveSoon(method, path, as) {
      const asking = send(method, path, { as });
      asking.on('error', () => undefined).end();
      return () => void asking.destroy();
    },
    async open(path) {
      const asking = send('GET', path, { as: reader });
      asking.on('error', () => undefined);
      const answered = new Promise<IncomingMessage>((resolve) => asking.once('response', resolve));
      asking.end();
      const response = await answered;
      response.on('error', () => undefined);
      return { response, leave: () => asking.destroy() };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await directory[Symbol.asyncDispose]();
    },
  };
}

const reader: Partial<Caller> = { scopes: new Set<Scope>(['events:read']) };
const errorIn = (body: string) => errorEnvelope.parse(JSON.parse(body)).error;

describe('a served operation', () => {
  test('answers a page in the envelope, with its defaults, without fields that the contract does not name', async () => {
    await using things = await serveThings();
    const { status, headers, body } = await things.ask('GET', '/things?limit=2&isOld=true', {
      as: reader,
      requestId: 'request-0001',
    });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {
      success: true,
      data: [{ id: 'old 0' }, { id: 'old 1' }],
      meta: { requestId: 'request-0001', pageSize: 2, nextCursor: 'c2', total: 9 },
    });
    assert.equal(headers['x-request-id'], 'request-0001');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['ratelimit-remaining'], '7');
    const again = await things.ask('GET', '/things', { as: reader, requestId: 'forged\tid' });
    assert.equal(JSON.parse(again.body).data.length, 3, 'the default limit applies');
    assert.match(again.headers['x-request-id'] as string, /^[0-9a-f-]{36}$/, 'an unusable id is replaced');
  });

  for (const form of ['one', 'page', 'lines'])
    test(`puts its own texts into the language of the reader, and leaves what somebody sent (${form})`, async () => {
      await using things = await serveThings();
      const { status, body } = await things.ask('GET', `/kept/${form}`, { as: reader, language: 'de' });
      assert.equal(status, 200);
      const answer = JSON.parse(body.split('\n')[0] ?? '');
      const shown = answer.item ?? [answer.data].flat()[0];
      const title = 'Ändern Sie das Licht an der Kamera oder ihre Belichtung.';
      assert.deepEqual(shown, { ...keptRecord, title });
    });

  test('prefers a fixed path over a path with a field', async () => {
    await using things = await serveThings();
    const { body } = await things.ask('GET', '/things/follow?fails=never', { as: reader });
    assert.equal(body, '{"item":{"number":1}}\n{"item":{"number":2}}\n{"done":true}\n');
    assert.deepEqual(things.ended, ['never']);
  });

  test('gives each error its status, its code and the request id, and keeps what is inside a defect', async () => {
    await using things = await serveThings();
    const missing = await things.ask('GET', '/things/none', { as: reader });
    assert.equal(missing.status, 404);
    assert.equal(errorIn(missing.body).remedy, 'list them');
    const full = await things.ask('GET', '/things/later', { as: reader });
    assert.equal(full.status, 503);
    assert.equal(full.headers['retry-after'], '4');
    for (const id of ['broken', 'wrong']) {
      const broken = await things.ask('GET', `/things/${id}`, { as: reader, requestId: 'request-0002' });
      assert.equal(broken.status, 500);
      assert.equal(errorIn(broken.body).code, 'internal');
      assert.match(errorIn(broken.body).remedy ?? '', /request-0002/);
      assert.ok(!broken.body.includes('secret'));
    }
    assert.deepEqual(
      things.logged.map(({ message }) => message),
      ['a request could not be served', 'a request failed', 'a request failed'],
    );
  });

  test('needs a caller, their scope and a recent proof of who they are', async () => {
    await using things = await serveThings();
    const expectations = [
      [undefined, 401, 'unauthenticated'],
      [reader, 403, 'forbidden'],
      [{ scopes: new Set<Scope>(['persons:erase']), provedAtMs: nowMs - 300_001 }, 403, 'step-up-required'],
    ] as const;
    for (const [as, status, code] of expectations) {
      const answer = await things.ask('DELETE', '/things/a', as === undefined ? {} : { as });
      assert.equal(answer.status, status);
      assert.equal(errorIn(answer.body).code, code);
      assert.equal(answer.headers['www-authenticate'], code === 'unauthenticated' ? 'Bearer' : undefined);
    }
    assert.deepEqual(things.refused, [
      'things.erase anonymous unauthenticated',
      'things.erase user:u1 forbidden',
      'things.erase user:u1 step-up-required',
    ]);
    const as = { scopes: new Set<Scope>(['persons:erase']), provedAtMs: nowMs - 300_000 };
    assert.deepEqual(JSON.parse((await things.ask('DELETE', '/things/a', { as })).body).data, {
      by: 'user:u1',
    });
  });

  test('is open to everyone if it is public, and to every caller if it is about themselves', async () => {
    await using things = await serveThings();
    assert.equal(JSON.parse((await things.ask('GET', '/greeting')).body).data.to, 'anonymous');
    const known = await things.ask('GET', '/greeting', { as: reader });
    assert.equal(JSON.parse(known.body).data.to, 'user:u1', 'a login is seen where it is given');
    assert.equal((await things.ask('GET', '/things/a/picture')).status, 401);
    const picture = await things.ask('GET', '/things/a/picture', { as: {} });
    assert.equal(picture.body, 'PNG');
    assert.equal(picture.headers['content-type'], 'image/png');
  });

  test('refuses a camera to a caller who is limited to others', async () => {
    await using things = await serveThings();
    const as = { scopes: new Set<Scope>(['live:watch']), cameras: new Set(['door']) };
    assert.equal((await things.ask('POST', '/cameras/door/look', { as })).status, 200);
    assert.equal((await things.ask('POST', '/cameras/yard/look', { as })).status, 403);
  });

  test('does not exist on the network if it is for the box alone', async () => {
    await using things = await serveThings();
    const as = { scopes: new Set<Scope>(['backups:read']) };
    const answer = await things.ask('GET', '/files', { as });
    assert.equal(answer.status, 404);
    assert.equal(errorIn(answer.body).code, 'no-such-operation');
  });
});

describe('an answer that ends by itself', () => {
  test('comes as one JSON document when the caller asks for nothing else', async () => {
    await using things = await serveThings();
    for (const [fails, data] of [
      ['never', [{ number: 1 }, { number: 2 }]],
      ['empty', []],
    ] as const) {
      const answer = await things.ask('GET', `/things/count?fails=${fails}`, {
        ...{ as: reader, requestId: 'request-0001', accept: '*/*' },
      });
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.deepEqual(JSON.parse(answer.body), { success: true, data, meta: { requestId: 'request-0001' } });
    }
    await until('every place to be free', () => things.places.taken === 0);
  });

  for (const accept of ['application/jsonl', 'application/json;q=0.5, application/x-ndjson']) {
    test(`comes as lines when the caller accepts ${accept}`, async () => {
      await using things = await serveThings();
      const { headers, body } = await things.ask('GET', '/things/count?fails=never', { as: reader, accept });
      assert.match(String(headers['content-type']), /^application\/jsonl/);
      assert.equal(body, '{"item":{"number":1}}\n{"item":{"number":2}}\n{"done":true}\n');
    });
  }

  test('has the status of the error when it fails before its first item', async () => {
    await using things = await serveThings();
    assert.equal((await things.ask('GET', '/things/count?fails=first', { as: reader })).status, 400);
  });

  test('is cut when it fails later, and frees its place', async () => {
    await using things = await serveThings();
    await assert.rejects(things.ask('GET', '/things/count?fails=later', { as: reader }));
    await until('every place to be free', () => things.places.taken === 0);
    assert.ok(things.logged.some(({ fields }) => String(fields?.['error']).includes('the disk is full')));
  });

  test('stays in lines when it has no end', async () => {
    await using things = await serveThings();
    const { headers } = await things.ask('GET', '/things/follow?fails=never', { as: reader, accept: '*/*' });
    assert.match(String(headers['content-type']), /^application\/jsonl/);
  });
});

describe('a refused request', () => {
  test('has the dates of its end only when its operation is deprecated', async () => {
    await using things = await serveThings();
    const old = await things.ask('GET', '/greeting');
    assert.deepEqual(
      [old.headers['deprecation'], old.headers['sunset']],
      ['@1793491200', 'Sat, 01 May 2027 00:00:00 GMT'],
    );
    const current = await things.ask('GET', '/things/none', { as: reader });
    assert.deepEqual([current.headers['deprecation'], current.headers['sunset']], [undefined, undefined]);
  });

  test('gets the methods of the address when it uses another one', async () => {
    await using things = await serveThings();
    const shared = await things.ask('PUT', '/things/a', { as: reader });
    assert.deepEqual([shared.status, shared.headers['allow']], [405, 'DELETE, GET, HEAD']);
    assert.equal(errorIn(shared.body).code, 'method-not-allowed');
    const written = await things.ask('GET', '/cameras/a/look', { as: reader });
    assert.deepEqual([written.status, written.headers['allow']], [405, 'POST']);
    const unknown = await things.ask('PUT', '/nothing', { as: reader });
    assert.deepEqual([unknown.status, unknown.headers['allow']], [404, undefined]);
  });

  test('gets the error as RFC 9457 describes it when it asks for that', async () => {
    await using things = await serveThings();
    const asked = { as: reader, requestId: 'request-0001', accept: 'application/problem+json' };
    for (const [path, status, code] of [
      ['/things/none', 404, 'no-such-thing'],
      ['/nothing', 404, 'no-such-operation'],
      ['/files', 404, 'no-such-operation'],
    ] as const) {
      const answer = await things.ask('GET', path, asked);
      assert.equal(answer.status, status);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      const said = problemDetails.parse(JSON.parse(answer.body));
      assert.deepEqual(
        [said.type, said.status, said.code, said.detail, said.instance],
        [`urn:rollcall:error:${code}`, status, code, said.message, 'urn:rollcall:request:request-0001'],
      );
    }
    const plain = await things.ask('GET', '/things/none', { as: reader, accept: 'application/json' });
    assert.equal(plain.headers['content-type'], 'application/json');
  });
});

describe('a place among the requests', () => {
  test('is free again after the answer', async () => {
    await using things = await serveThings();
    await things.ask('GET', '/things', { as: reader });
    await things.ask('GET', '/things/none', { as: reader });
    await things.ask('GET', '/things/follow?fails=later', { as: reader });
    await until('every place to be free', () => things.places.taken === 0);
  });

  test('stays taken after the caller left, until the work has ended', async () => {
    await using things = await serveThings();
    const leave = things.leaveSoon('POST', '/cameras/slow/look', { scopes: new Set<Scope>(['live:watch']) });
    await until('the request to be admitted', () => things.places.taken === 1);
    leave();
    await until('the box to see it', () => things.ended.includes('the caller left'));
    await nextTurn();
    assert.equal(things.places.taken, 1);
    things.finishLooking();
    await until('the place to be free', () => things.places.taken === 0);
  });
});

describe('an answer in lines', () => {
  test('that fails before its first item has the status of the error', async () => {
    await using things = await serveThings();
    assert.equal((await things.ask('GET', '/things/follow?fails=first', { as: reader })).status, 400);
  });

  test('that fails later ends with the error instead of the last line', async () => {
    await using things = await serveThings();
    const { status, body } = await things.ask('GET', '/things/follow?fails=later', { as: reader });
    assert.equal(status, 200);
    const [first, last] = body.trimEnd().split('\n');
    assert.equal(first, '{"item":{"number":1}}');
    assert.equal(JSON.parse(last ?? '').error.code, 'disk-full');
  });

  for (const [what, rights, code] of [
    ['their login ends', undefined, 'unauthenticated'],
    ['they lose the scope', { scopes: new Set<Scope>() }, 'forbidden'],
    ['they are limited to cameras', { ...reader, cameras: new Set(['door']) }, 'forbidden'],
  ] as const) {
    test(`ends with an error when the caller reads it and ${what}`, async () => {
      await using things = await serveThings();
      const { response } = await things.open('/things/follow?fails=waits');
      things.changeRights(rights);
      const lines = (await text(response)).trimEnd().split('\n');
      assert.equal(JSON.parse(lines.at(-1) ?? '').error.code, code);
      assert.ok(!lines.includes('{"done":true}') && !lines.includes('{"item":{"number":2}}'));
      await until('the generator to end', () => things.ended.includes('waits'));
      await until('the place to be free', () => things.places.taken === 0);
    });
  }

  test('ends its iterator for HEAD, which reads no line', async () => {
    await using things = await serveThings();
    const { status, body } = await things.ask('HEAD', '/things/follow?fails=never', { as: reader });
    assert.deepEqual([status, body], [200, '']);
    await until('the generator to end', () => things.ended.includes('never'));
    await until('the place to be free', () => things.places.taken === 0);
  });

  test('sends an item when it is there, and ends when the caller leaves', async () => {
    await using things = await serveThings();
    const { response, leave } = await things.open('/things/follow?fails=waits');
    const [line] = (await response.take(1).toArray()) as Buffer[];
    assert.equal(String(line), '{"item":{"number":1}}\n');
    leave();
    await until('the generator to end', () => things.ended.includes('waits'));
    await nextTurn();
    assert.deepEqual(things.logged, []);
  });
});
