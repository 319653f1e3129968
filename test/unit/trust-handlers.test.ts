import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { type TrustedIssuers, trustHandlers } from '../../daemon/core/commands/trusted-issuers.js';
import { messageOf } from '../../daemon/kernel/errors.js';

const localCaller: Caller = {
  ...{ actor: 'uid:0', origin: 'test', scopes: new Set(['trust:write']) },
  ...{ provedAtMs: 'always', isLimited: false },
};

describe('forgetting keys of issuers', () => {
  test('reports whether the issuer or the key is unknown', async () => {
    const trust: Pick<TrustedIssuers, 'remove'> = { remove: () => 0 };
    const remove = trustHandlers(trust as TrustedIssuers)['trust.remove'];
    const call = { caller: localCaller, signal: AbortSignal.any([]), requestId: 'test' };
    const said = async (input: { readonly issuer: string; readonly key?: string }): Promise<string> => {
      try {
        await remove(input, call);
        return 'removed';
      } catch (error) {
        return messageOf(error);
      }
    };
    assert.equal(await said({ issuer: 'head-office' }), "there is no issuer with id 'head-office'");
    assert.equal(await said({ issuer: 'head-office', key: 'K' }), "there is no key with id 'K'");
  });
});
