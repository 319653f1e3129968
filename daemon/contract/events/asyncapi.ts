import { stringify } from 'yaml';
import type { EventKind } from '../../kernel/events/event.js';
import { eventKinds } from '../../kernel/events/event-type.js';
import { type CommandName, commandNames } from './command-schema.js';
import { type JsonSchema, schemaOf } from './json-schemas.js';
import {
  type ContractMessage,
  commandMessage,
  contractMessages,
  contractVersion,
  eventMessages,
  passingMessages,
  resultMessage,
  retainedMessages,
} from './messages.js';

type Node = Readonly<Record<string, unknown>>;

const cloudEvents = 'application/cloudevents+json';
const base = '{prefix}/{site}/{box}';

const description = [
  'The messages that a rollcall box publishes over MQTT, and the commands that it accepts. Generated from the schemas with which the program checks its own messages. docs/reference/events.md describes the guarantees; docs/tutorial/receive-events.md leads to a first verified event.',
  'Operations are named from the side of the box: a centre receives what the box sends.',
  'Everything the box sends is signed: the last attribute of each message, `signature`, is a detached JWS (RFC 7515, appendix F, EdDSA) over the exact text of the message without it.',
  'Schemas are strict and describe this release. Use them in tests; programs in production must ignore unknown attributes.',
].join('\n\n');

const parameters: Node = {
  prefix: { description: 'mqtt.topicPrefix of the box: one or more levels', default: 'rollcall' },
  site: { description: 'site.id of the box' },
  box: { description: 'box.id of the box' },
};

const parameterRef = (name: string): readonly [string, Node] => [
  name,
  { $ref: `#/components/parameters/${name}` },
];

function channel(address: string, summary: string, messages: readonly ContractMessage[]): Node {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return {
    address,
    description: summary,
    messages: Object.fromEntries(
      messages.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    parameters: Object.fromEntries(names.map(parameterRef)),
  };
}

function operation(
  action: 'send' | 'receive',
  channelName: string,
  options: { readonly summary: string; readonly retain?: boolean; readonly more?: Node },
): Node {
  const { summary, retain = false, more = {} } = options;
  return {
    action,
    channel: { $ref: `#/channels/${channelName}` },
    summary,
    bindings: { mqtt: { qos: 1, retain, bindingVersion: '0.2.0' } },
    ...more,
  };
}

const eventSummary = (kind: EventKind): string =>
  eventMessages(kind)
    .map(({ summary }) => summary)
    .join(' ');

/** All channels with their operations, by the name of the channel. */
function channelsAndOperations(): readonly (readonly [string, Node, Node])[] {
  const sentKinds = eventKinds.filter((kind) => kind !== 'reply');
  const events = sentKinds.map((kind) => {
    const summary = `${eventSummary(kind)} Never retained.`;
    const name = `event-${kind}`;
    const address = `${base}/event/${kind}`;
    return [
      name,
      channel(address, summary, eventMessages(kind)),
      operation('send', name, { summary }),
    ] as const;
  });
  const documents = Object.entries({ ...retainedMessages, ...passingMessages }).map(([address, message]) => {
    const { summary } = message;
    const name = address.replaceAll(/\/?\{\w+\}/g, '').replaceAll('/', '-');
    const sent = operation('send', name, { summary, retain: address in retainedMessages });
    return [name, channel(`${base}/${address}`, summary, [message]), sent] as const;
  });
  const answers = 'Replies to a command, by its jti. Never retained.';
  return [
    ...events,
    ...documents,
    [
      'reply',
      channel(`${base}/reply/{command}`, answers, eventMessages('reply')),
      operation('send', 'reply', { summary: answers }),
    ],
    ...commandNames.map((name) => commandChannel(name)),
  ];
}

function commandChannel(name: CommandName) {
  const message = commandMessage(name);
  const reply = { channel: { $ref: '#/channels/reply' } };
  const id = `command-${name}`;
  const received = operation('receive', id, { summary: message.summary, more: { reply } });
  return [id, channel(`${base}/command/${name}`, message.summary, [message]), received] as const;
}

const compactJws: JsonSchema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$',
  description: 'a JWT as a compact JWS (EdDSA or ES256) whose claims are those of x-claims',
};

function schemaRef(name: string): Node {
  return { $ref: `#/components/schemas/${name}` };
}

function messageNode({ name, summary }: ContractMessage): Node {
  const isAmong = (messages: Readonly<Record<string, ContractMessage>>): boolean =>
    Object.values(messages).some((message) => message.name === name);
  const tag = isAmong(retainedMessages) ? 'retained' : isAmong(passingMessages) ? 'prompt' : 'event';
  return {
    name,
    summary,
    contentType: tag === 'event' ? cloudEvents : 'application/json',
    payload: schemaRef(name),
    tags: [{ name: tag }],
    'x-example': `examples/${name}.json`,
  };
}

function commandNode(command: CommandName): readonly [string, Node] {
  const { name, summary } = commandMessage(command);
  const node = {
    name,
    summary,
    contentType: 'application/jwt',
    payload: compactJws,
    tags: [{ name: 'command' }],
    'x-claims': schemaRef(name),
    'x-result': schemaRef(resultMessage(command).name),
  };
  return [name, node];
}

/** The contract as an AsyncAPI 3.0 document. */
export function asyncApi(): Node {
  const parts = channelsAndOperations();
  const signed = [
    ...eventKinds.flatMap(eventMessages),
    ...Object.values({ ...retainedMessages, ...passingMessages }),
  ];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'rollcall box',
      version: contractVersion,
      description,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: cloudEvents,
    servers: {
      broker: {
        host: 'broker.example:8883',
        protocol: 'secure-mqtt',
        protocolVersion: '5.0',
        description: 'Your broker. The box uses MQTT 3.1.1 with a broker that does not support MQTT 5.',
        security: [{ $ref: '#/components/securitySchemes/certificate' }],
      },
    },
    channels: Object.fromEntries(parts.map(([name, node]) => [name, node])),
    operations: Object.fromEntries(
      parts.map(([name, , node]) => [`${name}-${String(node['action'])}`, node]),
    ),
    components: {
      securitySchemes: {
        certificate: { type: 'X509', description: 'a client certificate; see docs/reference/broker.md' },
      },
      parameters: {
        ...parameters,
        camera: { description: 'configured id of a camera' },
        command: { description: 'jti of the command: a UUID' },
      },
      messages: Object.fromEntries([
        ...signed.map((message) => [message.name, messageNode(message)] as const),
        ...commandNames.map(commandNode),
      ]),
      schemas: Object.fromEntries(contractMessages().map((message) => [message.name, schemaOf(message)])),
    },
  };
}

/** The contract as YAML text. */
export function asyncApiYaml(): string {
  const head = '# Generated from daemon/contract/events/ by scripts/generate-docs.ts.\n';
  return head + stringify(asyncApi(), { lineWidth: 110, aliasDuplicateObjects: false });
}
