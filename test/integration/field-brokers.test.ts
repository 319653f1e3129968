import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mosquittoBroker } from '../../scripts/broker-matrix/mosquitto-broker.js';
import { natsBroker } from '../../scripts/broker-matrix/nats-broker.js';
import { rabbitmqBroker } from '../../scripts/broker-matrix/rabbitmq-broker.js';
import { makeCertificates } from '../../scripts/broker-matrix/site.js';
import { type Result, tryCells } from '../../scripts/broker-matrix/try-cells.js';
import { withoutOpenssl } from '../support/test-certificate.js';

/** `scripts/platforms brokers` tries those of Debian 12 and 13; here those that this machine has. */
const place = { name: 'this machine', root: '/' };

const withoutRoot = process.getuid?.() !== 0 && 'a disk that can be full needs root';

for (const kind of [mosquittoBroker, rabbitmqBroker, natsBroker]) {
  const isAbsent = kind.versionIn(place) === undefined && `${kind.name} is not installed`;
  describe(`the box on ${kind.name}`, { skip: isAbsent || withoutRoot || withoutOpenssl }, () => {
    test('works, or meets a limit that is known', async (t) => {
      const results: Result[] = [];
      const onResult = (result: Result): void => {
        t.diagnostic(`${result.cell}: ${result.text}`);
        results.push(result);
      };
      await tryCells({ kind, place, certificates: makeCertificates(), onResult });
      assert.deepEqual(
        results.filter(({ isGood }) => !isGood),
        [],
      );
    });
  });
}
