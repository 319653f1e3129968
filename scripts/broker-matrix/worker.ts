import mqtt from 'mqtt';
import { until } from '../../test/support/until.js';
import type { BrokerProcess } from './broker-place.js';
import { type Certificates, centreOptions } from './site.js';

/** One of several that share the events of a site. Disposing ends it without goodbye. */
export interface Worker extends AsyncDisposable {
  /** Ids of the events that it took, in order. */
  readonly ids: readonly string[];
}

export const idOf = (text: string): string => (JSON.parse(text) as { readonly id: string }).id;

/** Shares a subscription with others of MQTT 5. */
export async function startMqttWorker(port: number, certificates: Certificates): Promise<Worker> {
  const ids: string[] = [];
  const client = await mqtt.connectAsync(`mqtts://localhost:${port}`, {
    ...centreOptions(certificates),
    protocolVersion: 5,
  });
  client.on('message', (_topic, payload) => void ids.push(idOf(payload.toString('utf8'))));
  await client.subscribeAsync('$share/workers/rollcall/+/+/event/+', { qos: 1 });
  return { ids, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

/** A program that prints "ready", and then the id of each event. */
export async function printingWorker(program: BrokerProcess): Promise<Worker> {
  const lines = (): readonly string[] => program.log().split('\n').slice(0, -1);
  await until('a worker', () => {
    if (program.hasEnded()) throw new Error(`the worker ended:\n${program.log()}`);
    return lines().includes('ready');
  });
  return {
    get ids() {
      return lines().filter((line) => line !== 'ready');
    },
    [Symbol.asyncDispose]: () => program.kill(),
  };
}
