import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../daemon/console/api/api-error.js';
import { patiently } from '../../daemon/console/pages/review/patiently.js';

const tooFast = (details: object): ApiError =>
  new ApiError({ code: 'rate-limited', details: { ...details } }, 429);

describe('an answer that waits until the box takes it', () => {
  test('is sent again after the time that the box names', async () => {
    const waits: number[] = [];
    const refusals = [tooFast({ retryAfterS: 3 }), tooFast({})];
    const outcome = await patiently(
      async () => {
        const refusal = refusals.shift();
        if (refusal !== undefined) throw refusal;
        return 'taken';
      },
      { signal: new AbortController().signal, wait: async (ms) => waits.push(ms) },
    );
    assert.equal(outcome, 'taken');
    assert.deepEqual(waits, [3000, 5000]);
  });

  test('is not sent again for the next user', async () => {
    const session = new AbortController();
    let sent = 0;
    const work = async (): Promise<void> => {
      sent += 1;
      throw tooFast({ retryAfterS: 1 });
    };
    const wait = async (): Promise<void> => session.abort(new Error('logged out'));
    await assert.rejects(patiently(work, { signal: session.signal, wait }), /logged out/);
    assert.equal(sent, 1);
    await assert.rejects(patiently(work, { signal: session.signal, wait }), /logged out/);
    assert.equal(sent, 1, 'not even once');
  });

  test('fails at once for any other reason', async () => {
    const refused = new ApiError({ code: 'mark-refused' }, 400);
    const wait = async (): Promise<void> => assert.fail('it does not wait');
    const work = (): Promise<never> => Promise.reject(refused);
    await assert.rejects(patiently(work, { signal: new AbortController().signal, wait }), refused);
  });
});
