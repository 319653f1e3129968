import { readFileSync } from 'node:fs';
import { freePort } from '../../test/support/listening.js';
import { type BrokerPlace, type BrokerProcess, folderIn, outputIn, startIn } from './broker-place.js';
import { type BrokerKind, type BrokerSetup, begun, exampleWith, listeningOn } from './field-broker.js';
import { printingWorker } from './worker.js';

const programs = '/usr/lib/rabbitmq/bin';
const workerProgram = new URL('amqp-worker.py', import.meta.url);
const onlyAttendance = ['(event\\\\..+|', '(event\\\\.attendance|'] as const;

const noPlainPort = 'mqtt.listeners.tcp = none';

const versionIn = (place: BrokerPlace): string | undefined =>
  /rabbitmq_server-([\d.]+)/.exec(outputIn(place, ['ls', '/usr/lib/rabbitmq/lib']))?.[1];

/** A node; several with the same folder and register form a cluster. */
interface Node {
  readonly name: string;
  readonly port: number;
  readonly plainPort: number;
  readonly workerPort: number;
  log(): string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Runs a tool of RabbitMQ on the node, and returns what it prints. */
  tool(name: 'rabbitmqctl' | 'rabbitmq-queues', ...command: readonly string[]): string;
}

/** Starts the nodes of one cluster, one after another. */
async function startNodes(place: BrokerPlace, setup: BrokerSetup, names: readonly string[]) {
  const { authority, certificate, strictTo } = setup;
  const folder = folderIn(place);
  const registerPort = await freePort();
  const definitions = exampleWith(
    'rabbitmq-definitions.example.json',
    strictTo === undefined ? [] : [onlyAttendance],
  );
  const hasLimit = versionIn(place)?.startsWith('3.') === false;
  const limit = `mqtt.max_packet_size_authenticated = ${strictTo ?? 17_825_792}`;
  const common = [
    ['/etc/rabbitmq/rollcall/ca.pem', folder.write('ca.pem', authority)],
    ['/etc/rabbitmq/rollcall/broker.pem', folder.write('broker.pem', certificate.certificate)],
    ['/etc/rabbitmq/rollcall/broker.key', folder.write('broker.key', certificate.key)],
    ['/etc/rabbitmq/rollcall.json', folder.write('definitions.json', definitions)],
    ...(hasLimit ? [['# mqtt.max_packet_size_authenticated = 17825792', limit] as const] : []),
  ] as const;
  const shared = {
    HOME: folder.at(''),
    RABBITMQ_ENABLED_PLUGINS_FILE: folder.write('plugins', '[rabbitmq_mqtt, rabbitmq_auth_mechanism_ssl].\n'),
    RABBITMQ_MNESIA_BASE: folder.at('data'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(registerPort),
  };
  // A node would start one that outlives it.
  const register = startIn(place, ['epmd'], shared);
  await listeningOn(registerPort, register);

  const openNode = async (name: string, joins: readonly string[]): Promise<Node> => {
    const [port, plainPort, workerPort] = [await freePort(), await freePort(), await freePort()];
    const configuration = exampleWith('rabbitmq.example.conf', [
      ['mqtt.listeners.ssl.default = 8883', `mqtt.listeners.ssl.1 = 127.0.0.1:${port}`],
      ['listeners.ssl.default = 5671', `listeners.ssl.1 = 127.0.0.1:${workerPort}`],
      ...(strictTo === undefined
        ? []
        : [[noPlainPort, `mqtt.listeners.tcp.1 = 127.0.0.1:${plainPort}`] as const]),
      ...common,
    ]);
    const env = {
      ...shared,
      RABBITMQ_NODENAME: `${name}@localhost`,
      RABBITMQ_CONFIG_FILE: folder.write(`${name}.conf`, configuration + peerSettings(joins, name)),
      RABBITMQ_DIST_PORT: String(await freePort()),
    };
    let running: BrokerProcess | undefined;
    return {
      name: env.RABBITMQ_NODENAME,
      port,
      plainPort,
      workerPort,
      log: () => running?.log() ?? '',
      kill: async () => running?.kill(),
      async start() {
        running = startIn(place, [`${programs}/rabbitmq-server`], env);
        await listeningOn(port, running);
        // It opens the port of AMQP last, when it has the users and queues.
        await listeningOn(workerPort, running);
      },
      tool: (tool, ...command) => outputIn(place, [`${programs}/${tool}`, ...command], env),
    };
  };
  const nodes: Node[] = [];
  for (const [at, name] of names.entries()) nodes.push(await openNode(name, names.slice(0, at)));
  const cluster = {
    folder,
    nodes,
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node.kill();
      await register.kill();
      folder[Symbol.dispose]();
    },
  };
  return await begun(cluster, async () => {
    for (const node of nodes) await node.start();
    if (nodes.length > 1) growQueues(nodes);
  });
}

/** A node forms a cluster with those that run already: one that looks for others first may wait for them for minutes. */
function peerSettings(joins: readonly string[], own: string): string {
  if (joins.length === 0) return '';
  const nodes = [...joins, own].map(
    (name, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${name}@localhost\n`,
  );
  return `cluster_formation.peer_discovery_backend = classic_config\n${nodes.join('')}`;
}

/** A quorum queue is on the nodes that ran when it was declared: the first one, which has the definitions before others join it. */
function growQueues([first, ...others]: readonly Node[]): void {
  if (first === undefined) throw new Error('unreachable');
  const answers = others.map(({ name }) => first.tool('rabbitmq-queues', 'grow', name, 'all'));
  const members = first.tool('rabbitmqctl', '--silent', 'list_queues', 'name', 'members');
  if (!others.every(({ name }) => members.includes(name)))
    throw new Error(`the queue is not on each node:\n${[...answers, members].join('\n')}`);
}

export const rabbitmqBroker: BrokerKind = {
  name: 'RabbitMQ',
  versionIn,
  limits: {
    'MQTT 3.1.1': 'it speaks MQTT 5 from RabbitMQ 4.0 on',
    'takes messages over its limit': 'it has no limit for MQTT before RabbitMQ 4.0',
    'no retained message for a wildcard': 'a centre subscribes to the topic of each state',
  },
  async start(place, setup) {
    const cluster = await startNodes(place, setup, ['rollcall']);
    const { folder, nodes } = cluster;
    const [node] = nodes;
    if (node === undefined) throw new Error('unreachable');
    return {
      ...node,
      complaintCount: () => 0,
      storage: {
        exhaust: async () => void node.tool('rabbitmqctl', 'set_vm_memory_high_watermark', '0.00001'),
        relieve: async () => void node.tool('rabbitmqctl', 'set_vm_memory_high_watermark', '0.4'),
      },
      async startWorker({ authority, centre }) {
        const files = [
          folder.write('centre-ca.pem', authority),
          folder.write('centre.pem', centre.certificate),
          folder.write('centre.key', centre.key),
        ];
        const program = folder.write('amqp-worker.py', readFileSync(workerProgram, 'utf8'));
        return await printingWorker(startIn(place, ['python3', program, String(node.workerPort), ...files]));
      },
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  },
  startCluster: (place, setup) => startNodes(place, setup, ['first', 'second', 'third']),
};
