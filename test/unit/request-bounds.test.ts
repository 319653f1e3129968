import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { Caller } from '../../daemon/contract/caller.js';
import {
  operation as declare,
  type OperationDeclaration,
  type RateClass,
} from '../../daemon/contract/operation.js';
import { createAdmission, localBounds, networkBounds } from '../../daemon/core/api/admission.js';
import { bodyLimit } from '../../daemon/core/api/body.js';
import {
  defaultClassBounds,
  InFlight,
  type InFlightBounds,
} from '../../daemon/core/api/requests-in-flight.js';

const wide: InFlightBounds = {
  ...{ requests: 100, requestsOfCaller: 100, bodyBytes: 1_000, streamsOfCaller: 100, ofClass: {} },
};
const caller = (actor: string, more: Partial<Caller> = {}): Caller =>
  ({ actor, isLimited: true, scopes: new Set(), ...more }) as unknown as Caller;
const anonymous = (address: string) => caller('anonymous', { address });
const operation = (rate: RateClass, more: object = {}): OperationDeclaration =>
  ({ rate, path: '/x', method: 'GET', ...more }) as unknown as OperationDeclaration;

/** Enters one request after the other; what each is told, or `in`. */
function entered(
  bounds: Partial<InFlightBounds>,
  requests: readonly (readonly [
    Caller,
    OperationDeclaration,
    bodyBytes?: number,
    path?: Record<string, string>,
  ])[],
) {
  const inFlight = new InFlight(() => ({ ...wide, ...bounds }));
  return requests.map(([who, declaration, bodyBytes = 0, path = {}]) => {
    try {
      inFlight.enter({ declaration, caller: who, bodyBytes, path });
      return 'in';
    } catch (error) {
      return (error as Error).message;
    }
  });
}

describe('requests in work', () => {
  const ada = caller('ada', { userId: 'u-1' } as Partial<Caller>);
  const bea = caller('bea');
  const plain = operation('default');

  test('are as many as the box allows, whoever sends them', () => {
    const local = caller('uid:0', { isLimited: false });
    assert.deepEqual(
      entered({ requests: 2 }, [
        [ada, plain],
        [local, plain],
        [local, plain],
      ]),
      [...['in', 'in', 'the box works on too many requests']],
    );
  });

  test('hold as much memory as the box allows', () => {
    assert.deepEqual(
      entered({}, [
        [ada, plain, 400],
        [bea, plain, 600],
        [bea, plain, 1],
        [bea, plain, 0],
      ]),
      [...['in', 'in', 'the requests in work hold too much memory', 'in']],
    );
  });

  test('are few of one caller, by the account or else by the network', () => {
    const bounds = { requestsOfCaller: 1 };
    const same = caller('ada on another device', { userId: 'u-1' } as Partial<Caller>);
    const full = 'you have too many requests in work';
    assert.deepEqual(
      entered(bounds, [
        [ada, plain],
        [same, plain],
        [bea, plain],
        [bea, plain],
      ]),
      ['in', full, 'in', full],
    );
    assert.deepEqual(
      entered(bounds, [
        [anonymous('192.0.2.1'), plain],
        [anonymous('192.0.2.1'), plain],
        [anonymous('192.0.2.9'), plain],
      ]),
      ['in', full, 'in'],
    );
    const keyed = (actor: string) => caller(actor, { address: '192.0.2.1' });
    assert.deepEqual(
      entered(bounds, [
        [keyed('key:1'), plain],
        [keyed('key:2'), plain],
      ]),
      ['in', 'in'],
    );
    assert.deepEqual(
      entered(bounds, [
        [caller('uid:0', { isLimited: false }), plain],
        [caller('uid:0', { isLimited: false }), plain],
      ]),
      ['in', 'in'],
    );
  });

  test('are few of a class, apart for callers without a login', () => {
    const full = 'the box has too much work of this kind';
    const login = operation('login');
    assert.deepEqual(
      entered({ ofClass: { login: 1 } }, [
        [ada, login],
        [bea, login],
        [anonymous('192.0.2.1'), login],
        [anonymous('198.51.100.1'), login],
        [bea, plain],
      ]),
      ['in', full, 'in', full, 'in'],
    );
  });

  test('are few streams of one caller, and one of a camera', () => {
    const stream = operation('stream', { camera: 'id' });
    const other = operation('stream', { path: '/y' });
    const [again, many] = ['you read this stream already', 'you read too many streams'];
    assert.deepEqual(
      entered({ streamsOfCaller: 3 }, [
        [ada, stream, 0, { id: 'door' }],
        [ada, stream, 0, { id: 'door' }],
        [ada, stream, 0, { id: 'gate' }],
        [bea, stream, 0, { id: 'door' }],
        [ada, other],
        [ada, stream, 0, { id: 'yard' }],
      ]),
      ['in', again, 'in', 'in', 'in', many],
    );
    assert.deepEqual(
      entered({}, [
        [ada, plain],
        [ada, plain],
      ]),
      ['in', 'in'],
    );
  });

  test('give back what they took, once', () => {
    const inFlight = new InFlight(() => ({ ...wide, requestsOfCaller: 2 }));
    const enter = () => inFlight.enter({ declaration: plain, caller: ada, bodyBytes: 5, path: {} });
    const leave = enter();
    enter();
    assert.equal(inFlight.requests, 2);
    assert.throws(enter, {
      ...{ code: 'busy', kind: 'operational', retryable: true, details: { retryAfterS: 2 } },
      remedy: 'End requests that you no longer need, or send this one again later.',
    });
    assert.equal(inFlight.requests, 2, 'a refused request takes nothing');
    leave();
    leave();
    assert.equal(inFlight.requests, 1);
    enter();
    assert.throws(enter, { code: 'busy' });
  });
});

describe('the bounds of requests', () => {
  test('are wide for callers on this machine', () => {
    assert.deepEqual(localBounds, {
      ...{ requests: 512, requestsOfCaller: 512, bodyBytes: 536_870_912, streamsOfCaller: 64, ofClass: {} },
    });
  });

  test('follow the configuration for callers from the network', () => {
    assert.deepEqual(networkBounds({ requestsAtOnce: 64, bodiesMiB: 3 }), {
      ...{
        requests: 64,
        requestsOfCaller: 16,
        bodyBytes: 3_145_728,
        streamsOfCaller: 8,
        ofClass: defaultClassBounds,
      },
    });
    assert.equal(networkBounds({ requestsAtOnce: 23, bodiesMiB: 1 }).requestsOfCaller, 5);
    assert.equal(networkBounds({ requestsAtOnce: 8, bodiesMiB: 1 }).requestsOfCaller, 4);
    const work = { login: 16, enrolment: 4, guidance: 4, recognition: 8, detection: 8, days: 4, heavy: 8 };
    assert.deepEqual(defaultClassBounds, work);
  });

  test('count a body by its declared length, and without one by the most that it may have', () => {
    const declaration = declare({
      ...{ summary: 'Do it.', errors: [], scope: 'self', rate: 'default', method: 'POST', path: '/x' },
      ...{
        input: z.strictObject({ text: z.string() }),
        answer: { kind: 'json', schema: z.strictObject({}) },
      },
    } as never) as OperationDeclaration;
    const fits = (bodyBytes: number, headers: Record<string, string>): boolean => {
      const admission = createAdmission(() => ({ ...wide, bodyBytes }), undefined);
      const entrant = { declaration, caller: caller('ada'), path: {} };
      try {
        admission.enter({ ...entrant, incoming: { headers, method: 'POST' } as never });
        return true;
      } catch {
        return false;
      }
    };
    const limit = bodyLimit(declaration);
    assert.ok(fits(0, {}), 'no body');
    assert.deepEqual(
      [100, 99].map((most) => fits(most, { 'content-length': '100' })),
      [true, false],
    );
    for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': '999999999' }]) {
      assert.deepEqual(
        [limit, limit - 1].map((most) => fits(most, headers)),
        [true, false],
      );
    }
  });

  test('count how often somebody asks only where callers are limited', async () => {
    const asked: unknown[] = [];
    const count = async (rateClass: RateClass) => {
      asked.push(rateClass);
      return { left: '3' };
    };
    const admission = createAdmission(() => wide, { count } as never);
    assert.deepEqual(await admission.count('default', caller('ada')), { left: '3' });
    assert.deepEqual(await admission.count('default', caller('uid:0', { isLimited: false })), {});
    assert.deepEqual(await createAdmission(() => wide, undefined).count('default', caller('ada')), {});
    assert.deepEqual(asked, ['default']);
  });
});
