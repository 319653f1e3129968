import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { signedKeySet } from '../../daemon/core/identity/key-set.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { dayMs } from '../support/identity-fixture.js';
import { box } from '../support/published-box.js';
import { withSecretPlaces } from '../support/secret-places.js';

/** The part of the example that this test uses. */
interface BoxKeys {
  verified(parts: unknown): Promise<unknown>;
  follow(message: string): Promise<void>;
}

const example = (await import(new URL('../../scripts/examples/box-keys.mjs', import.meta.url).href)) as {
  readonly partsOf: (message: string) => unknown;
  readonly BoxKeys: new (source: string, thumbprint: string) => BoxKeys;
};

for (const [days, word] of [
  [30, 'accepts'],
  [5, 'refuses'],
] as const) {
  test(`the example ${word} a former key 10 days after a rotation with an overlap of ${days} days`, () =>
    withSecretPlaces(async (places) => {
      const clock = new VirtualClock(Date.now() - 10 * dayMs);
      using keys = await IdentityKeys.open({ places, clock, overlapMs: dayMs });
      const boxKeys = new example.BoxKeys('/site/box', keys.state.current.keyId);
      const byFormer = example.partsOf(await keys.sign('{"by":"former"}'));
      await keys.rotate(days * dayMs);
      await boxKeys.follow(await signedKeySet({ keys, from: box, clock }));
      const byNewest = example.partsOf(await keys.sign('{"by":"newest"}'));
      assert.deepEqual(await boxKeys.verified(byNewest), { by: 'newest' });
      if (word === 'accepts') assert.deepEqual(await boxKeys.verified(byFormer), { by: 'former' });
      else await assert.rejects(boxKeys.verified(byFormer), /a former key that has expired/);
    }));
}
