import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Hono } from 'hono';
import { messageOf } from '../../daemon/base/errors.js';
import type { TrustControl } from '../../daemon/control/trust-control.js';
import { addTrustRoutes } from '../../daemon/control/trust-routes.js';

describe('forgetting keys of issuers', () => {
  test('says whether it was the issuer or the key that is not there', async () => {
    const trust: Pick<TrustControl, 'remove'> = { remove: () => 0 };
    const app = new Hono();
    app.onError((error, context) => context.text(messageOf(error)));
    addTrustRoutes(app, trust as TrustControl, () => ({ actor: 'uid:0', origin: 'test' }));
    const said = async (path: string): Promise<string> =>
      (await app.request(path, { method: 'DELETE' })).text();
    assert.equal(await said('/v1/trust/head-office'), "there is no issuer with id 'head-office'");
    assert.equal(await said('/v1/trust/head-office?key=K'), "there is no key with id 'K'");
  });
});
