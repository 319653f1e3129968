import { freePort } from '../../test/support/listening.js';
import { folderIn, outputIn } from './broker-place.js';
import { type BrokerKind, exampleWith, startSingle } from './field-broker.js';
import { startMqttWorker } from './worker.js';

const onlyAttendance = ['/%u/event/#', '/%u/event/attendance'] as const;

export const mosquittoBroker: BrokerKind = {
  name: 'mosquitto',
  versionIn: (place) => /mosquitto version ([\d.]+)/.exec(outputIn(place, ['mosquitto', '-h']))?.[1],
  limits: {
    'forgets what it had acknowledged':
      'it writes its store every half hour and at its end; with mqtt.acknowledgement: centre, the box sends the events again',
    'acknowledges without room': 'it goes on in memory, and a kill then loses what no centre has fetched',
  },
  async start(place, { authority, certificate, strictTo }) {
    const folder = folderIn(place);
    const [port, plainPort] = [await freePort(), await freePort()];
    const storage = folder.smallDisk('store', 16);
    const rules = exampleWith('mosquitto-acl.example', strictTo === undefined ? [] : [onlyAttendance]);
    const example = exampleWith('mosquitto.example.conf', [
      ['listener 8883', `listener ${port} 127.0.0.1`],
      ['/etc/mosquitto/rollcall/ca.pem', folder.write('ca.pem', authority)],
      ['/etc/mosquitto/rollcall/broker.pem', folder.write('broker.pem', certificate.certificate)],
      ['/etc/mosquitto/rollcall/broker.key', folder.write('broker.key', certificate.key)],
      ['/etc/mosquitto/rollcall.acl', folder.write('acl', rules)],
      ...(strictTo === undefined
        ? []
        : [['max_packet_size 17825792', `max_packet_size ${strictTo}`] as const]),
    ]);
    // The rest of Debian's mosquitto.conf. Started by root, it would become a user who cannot read this folder.
    const persistence = ['persistence true', `persistence_location ${folder.at('store')}/`];
    const base = ['user root', 'log_dest stderr', ...persistence];
    const more = strictTo === undefined ? '' : `listener ${plainPort} 127.0.0.1\n`;
    const configuration = folder.write('mosquitto.conf', `${base.join('\n')}\n${example}${more}`);
    return startSingle(place, ['mosquitto', '-c', configuration], {
      ...{ folder, port, plainPort, storage },
      startWorker: (certificates) => startMqttWorker(port, certificates),
    });
  },
};
