import { z } from 'zod';
import type { EventKind } from '../../domain/events/event.js';
import { eventKinds } from '../../domain/events/event-type.js';
import { cameraCountsSchema, cameraStateSchema } from './camera-state-schema.js';
import {
  type CommandName,
  commandClaimsSchema,
  commandNames,
  commands,
  listedPersonsSchema,
  sealedChangeSchema,
  sealedPersonSchema,
} from './command-schema.js';
import { type EventMessage, eventSchemas } from './event-schema.js';
import { keySetSchema } from './key-set-schema.js';
import { promptSchema } from './prompt-schema.js';
import { stateSchema } from './state-schema.js';

/** Of the contract as a whole: the first number grows with any `v` of a type, the second with anything that is added. */
export const contractVersion = '1.2.0';

/** Something that travels between a box and others, and has a document of its own. */
export interface ContractMessage {
  /** Names its schema and its example. */
  readonly name: string;
  readonly summary: string;
  readonly schema: z.ZodType;
  /** Whether the box writes it, or reads it. */
  readonly from: 'box' | 'centre';
}

const eventSummaries: Readonly<Record<EventMessage['type'], string>> = {
  'rollcall.attendance.recorded.v1': 'An enrolled person was seen who attends, as `liveness.require` has it.',
  'rollcall.recognised.unproven.v1':
    'An enrolled person was recognised, and the box did not see that the person is live.',
  'rollcall.recognised.ambiguous.v1':
    'A live, enrolled person was seen who could be either of two. Nobody attended.',
  'rollcall.unknown.seen.v1': 'Somebody who matches nobody in the gallery was seen.',
  'rollcall.attack.suspected.v1': 'A picture, a screen or a mask was presented instead of a live face.',
  'rollcall.person.enrolled.v1': 'Somebody was enrolled.',
  'rollcall.person.removed.v1': 'Somebody is no longer recognised; this can still be undone.',
  'rollcall.person.restored.v1': 'A removal or a withdrawal was undone.',
  'rollcall.person.erased.v1': 'What was held on somebody was erased.',
  'rollcall.camera.changed.v1': 'A camera began or ceased to deliver pictures, or pictures of use.',
  'rollcall.gallery.changed.v1': 'The gallery as a whole changed: opened, sealed, another key, restored.',
  'rollcall.box.changed.v1': 'A condition of the box began or ended.',
  'rollcall.audit.digest.v1': 'The head of the audit log: proof, later, that it was not rewritten.',
  'rollcall.attendance.summarised.v1': 'The attendance of a day that is over, or one part of it.',
  'rollcall.events.dropped.v1': 'Events were given up before anybody had them.',
  'rollcall.identity.changed.v1': 'The box signs with another key from now on.',
  'rollcall.command.answered.v1': 'What became of a command, or how far it is.',
};

/** The messages of one kind of event. */
export function eventMessages(kind: EventKind): readonly ContractMessage[] {
  return eventSchemas[kind].map((schema) => {
    const type = schema.shape.type.value;
    return { name: nameOfType(type), summary: eventSummaries[type], schema, from: 'box' };
  });
}

/** `rollcall.attendance.recorded.v1` is documented as `attendance.recorded.v1`. */
export function nameOfType(type: string): string {
  return type.replace(/^rollcall\./, '');
}

export const stateMessage: ContractMessage = {
  name: 'state.v1',
  summary: 'Whether the box is connected, and what is the matter with it. Retained; also its last will.',
  schema: stateSchema,
  from: 'box',
};

export const keysMessage: ContractMessage = {
  name: 'keys.v1',
  summary: 'The public keys of the box, with what each former key says of its successor. Retained.',
  schema: keySetSchema,
  from: 'box',
};

export const cameraStateMessage: ContractMessage = {
  name: 'camera.state.v1',
  summary:
    'What a camera delivers. Retained; an empty message says that the box has no such camera any more.',
  schema: cameraStateSchema,
  from: 'box',
};

export const cameraCountsMessage: ContractMessage = {
  name: 'camera.counts.v1',
  summary: 'How many unknown persons a camera saw today. Retained; only where Home Assistant is enabled.',
  schema: cameraCountsSchema,
  from: 'box',
};

/** What a broker keeps: the present, not what happened. By the end of the topic. */
export const retainedMessages: Readonly<Record<string, ContractMessage>> = {
  state: stateMessage,
  keys: keysMessage,
  'camera/{camera}/state': cameraStateMessage,
  'camera/{camera}/counts': cameraCountsMessage,
};

export const promptMessage: ContractMessage = {
  name: 'prompt.v1',
  summary: 'What the person at a camera is asked to do now, or how it ended. Never retained.',
  schema: promptSchema,
  from: 'box',
};

/** What is of use at this moment only: neither retained nor sent again. By the end of the topic. */
export const passingMessages: Readonly<Record<string, ContractMessage>> = {
  'prompt/{camera}': promptMessage,
};

/** The claims of a command, its own arguments included. */
export function commandMessage(name: CommandName): ContractMessage {
  return {
    name: `command.${name}.v1`,
    summary: `Claims of the JWT that is published on .../command/${name}. Scope: ${commands[name].scope}. Largest token: ${commands[name].largestBytes} bytes.`,
    schema: commandClaimsSchema.extend({ command: z.literal(name), arguments: commands[name].arguments }),
    from: 'centre',
  };
}

/** The `result` in the last reply to a command. */
export function resultMessage(name: CommandName): ContractMessage {
  return {
    name: `result.${name}.v1`,
    summary: `The result in the reply to ${name} whose outcome is done.`,
    schema: commands[name].result,
    from: 'box',
  };
}

/** What is sealed inside commands and replies. */
export const sealedMessages: readonly ContractMessage[] = [
  {
    name: 'sealed.enrol-person.v1',
    summary: 'What is sealed in the command enrol-person.',
    schema: sealedPersonSchema,
    from: 'centre',
  },
  {
    name: 'sealed.update-person.v1',
    summary: 'What is sealed in the command update-person: absent stays, null goes.',
    schema: sealedChangeSchema,
    from: 'centre',
  },
  {
    name: 'sealed.list-persons.v1',
    summary: 'What is sealed in the reply to list-persons.',
    schema: listedPersonsSchema,
    from: 'box',
  },
];

/** Everything that has a schema, in the order of the documents. */
export function contractMessages(): readonly ContractMessage[] {
  return [
    ...eventKinds.flatMap(eventMessages),
    ...Object.values(retainedMessages),
    ...Object.values(passingMessages),
    ...commandNames.map(commandMessage),
    ...commandNames.map(resultMessage),
    ...sealedMessages,
  ];
}
