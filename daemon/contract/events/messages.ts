import { z } from 'zod';
import type { EventKind } from '../../kernel/events/event.js';
import { eventKinds } from '../../kernel/events/event-type.js';
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

/** Version of the whole contract. The first number grows with the `v` of any type, the second with every addition. */
export const contractVersion = '1.12.0';

/** A message between a box and others that has a schema of its own. */
export interface ContractMessage {
  /** Name of the schema and of the example. */
  readonly name: string;
  readonly summary: string;
  readonly schema: z.ZodType;
  /** Whether the box writes it, or reads it. */
  readonly from: 'box' | 'centre';
}

const eventSummaries: Readonly<Record<EventMessage['type'], string>> = {
  'rollcall.attendance.recorded.v1':
    'The attendance of an enrolled person was recorded, with the liveness that `liveness.require` demands.',
  'rollcall.recognised.unproven.v1':
    'An enrolled person was recognised, but the box did not see that the person is live.',
  'rollcall.recognised.refused.v1':
    'An enrolled person was recognised who is not valid on this day, or barred. No attendance was recorded.',
  'rollcall.watchlist.seen.v1': 'A watched person was recognised.',
  'rollcall.recognised.ambiguous.v1':
    'A live person matches two enrolled persons. No attendance was recorded.',
  'rollcall.unknown.seen.v1': 'A person was seen who matches no person in the gallery.',
  'rollcall.stranger.loitering.v1': 'An unknown person has stayed in sight for a long time.',
  'rollcall.stranger.changed.v1':
    'An unknown person was merged with another, split, assigned to an enrolled person, ignored, noticed again or discarded.',
  'rollcall.passage.marked.v1': 'An operator said who a passage was, or that a person was missed.',
  'rollcall.attack.suspected.v1': 'A picture, a screen or a mask was presented instead of a live face.',
  'rollcall.person.enrolled.v1': 'A person was enrolled.',
  'rollcall.person.removed.v1': 'A person is no longer recognised; this can still be undone.',
  'rollcall.person.restored.v1': 'A removal or a withdrawal was undone.',
  'rollcall.person.erased.v1': 'The data of a person were erased.',
  'rollcall.camera.changed.v1': 'A camera began or stopped delivering pictures, or usable pictures.',
  'rollcall.gallery.changed.v1':
    'The whole gallery changed: it was opened, sealed, restored or re-embedded, or its key was rotated.',
  'rollcall.box.changed.v1': 'A condition of the box began or ended.',
  'rollcall.audit.digest.v1': 'The head of the audit log, which proves later that the log was not rewritten.',
  'rollcall.attendance.summarised.v1': 'The attendance of a past day, or one part of it.',
  'rollcall.events.dropped.v1': 'Events were given up before they were delivered.',
  'rollcall.identity.changed.v1': 'The box now signs with another key.',
  'rollcall.command.answered.v1': 'The result or the progress of a command.',
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

const stateMessage: ContractMessage = {
  name: 'state.v1',
  summary: 'Whether the box is connected, and its active conditions. Retained; also the last will.',
  schema: stateSchema,
  from: 'box',
};

export const keysMessage: ContractMessage = {
  name: 'keys.v1',
  summary: 'The public keys of the box, with the endorsements by former keys. Retained.',
  schema: keySetSchema,
  from: 'box',
};

const cameraStateMessage: ContractMessage = {
  name: 'camera.state.v1',
  summary: 'The state of a camera. Retained; an empty message means that the box no longer has the camera.',
  schema: cameraStateSchema,
  from: 'box',
};

const cameraCountsMessage: ContractMessage = {
  name: 'camera.counts.v1',
  summary: 'How many unknown people a camera saw today. Retained; only where Home Assistant is enabled.',
  schema: cameraCountsSchema,
  from: 'box',
};

/** Retained messages, which describe the present, by the end of the topic. */
export const retainedMessages: Readonly<Record<string, ContractMessage>> = {
  state: stateMessage,
  keys: keysMessage,
  'camera/{camera}/state': cameraStateMessage,
  'camera/{camera}/counts': cameraCountsMessage,
};

const promptMessage: ContractMessage = {
  name: 'prompt.v1',
  summary: 'The action that the person at a camera must do now, or the end of the challenge. Never retained.',
  schema: promptSchema,
  from: 'box',
};

/** Messages that are useful only at the moment: neither retained nor sent again. By the end of the topic. */
export const passingMessages: Readonly<Record<string, ContractMessage>> = {
  'prompt/{camera}': promptMessage,
};

/** The claims of a command, its own arguments included. */
export function commandMessage(name: CommandName): ContractMessage {
  return {
    name: `command.${name}.v1`,
    summary: `Claims of the JWT that is published on .../command/${name}. Scope: ${commands[name].scope ?? 'that of the operation'}. Largest token: ${commands[name].largestBytes} bytes.`,
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

/** The sealed content of commands and replies. */
const sealedMessages: readonly ContractMessage[] = [
  {
    name: 'sealed.enrol-person.v1',
    summary: 'The sealed content of the command enrol-person.',
    schema: sealedPersonSchema,
    from: 'centre',
  },
  {
    name: 'sealed.update-person.v1',
    summary:
      'The sealed content of the command update-person. Absent fields stay unchanged; null removes a field.',
    schema: sealedChangeSchema,
    from: 'centre',
  },
  {
    name: 'sealed.list-persons.v1',
    summary: 'The sealed content of the reply to list-persons.',
    schema: listedPersonsSchema,
    from: 'box',
  },
];

/** All messages that have a schema, in the order of the documents. */
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
