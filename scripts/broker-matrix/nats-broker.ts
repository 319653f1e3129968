import { freePort } from '../../test/support/listening.js';
import { folderIn, outputIn } from './broker-place.js';
import { type BrokerKind, exampleWith, startSingle } from './field-broker.js';
import { startNatsWorker } from './nats-worker.js';

const onlyAttendance = ['.box-1.event.*"', '.box-1.event.attendance"'] as const;

export const natsBroker: BrokerKind = {
  name: 'NATS',
  versionIn: (place) => /nats-server: v([\d.]+)/.exec(outputIn(place, ['nats-server', '--version']))?.[1],
  limits: {
    'MQTT 3.1.1': 'it does not speak MQTT 5',
    'does not tell why it refuses a certificate': 'NATS 2.9 says "bad certificate" of each',
    'acknowledges what its rules refuse': 'only its log tells; rollcall events verify finds the gap',
    'needs a restart': 'once its disk was full, NATS 2.9 may store no retained message until it starts again',
    'takes messages over its limit': 'max_payload does not apply to MQTT',
  },
  async start(place, { authority, certificate, strictTo }) {
    const folder = folderIn(place);
    const [port, workerPort] = [await freePort(), await freePort()];
    const storage = folder.smallDisk('jetstream', 64);
    const strict = [['max_payload: 17825792', `max_payload: ${strictTo}`], onlyAttendance] as const;
    const example = exampleWith('nats.example.conf', [
      ['0.0.0.0:8883', `127.0.0.1:${port}`],
      ['0.0.0.0:4222', `127.0.0.1:${workerPort}`],
      ['/var/lib/nats', folder.at('jetstream')],
      ['/etc/nats/rollcall/ca.pem', folder.write('ca.pem', authority)],
      ['/etc/nats/rollcall/broker.pem', folder.write('broker.pem', certificate.certificate)],
      ['/etc/nats/rollcall/broker.key', folder.write('broker.key', certificate.key)],
      ...(strictTo === undefined ? [] : strict),
    ]);
    const configuration = folder.write('nats.conf', example);
    return startSingle(place, ['nats-server', '-c', configuration], {
      // NATS introduces itself there before the handshake.
      ...{ folder, port, plainPort: workerPort, storage },
      complaint: /timeout for request type/g,
      startWorker: (certificates) => startNatsWorker(workerPort, certificates),
    });
  },
};
