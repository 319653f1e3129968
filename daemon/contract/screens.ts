import { z } from 'zod';
import { challengeActions, promptReasons, promptStates } from '../kernel/liveness/challenge.js';
import { table } from '../kernel/text-table.js';
import { cameraId } from './cameras.js';
import type { ShownWith } from './command-line.js';
import { operation } from './operation.js';

/** A tablet or another browser at a camera that shows its prompts and nothing else. */
export const screen = z.object({
  id: z.string(),
  camera: z.string().describe('The camera whose prompts it shows.'),
  label: z.string(),
  createdBy: z.string().describe('As in the audit log: `user:…`, `uid:…`.'),
  createdAt: z.iso.datetime(),
  pairUntil: z.iso
    .datetime()
    .exactOptional()
    .describe('Until when its secret pairs a browser. Absent for a paired screen.'),
  pairedAt: z.iso.datetime().exactOptional().describe('Absent before it is paired.'),
  expiresAt: z.iso.datetime().exactOptional().describe('When it must be paired again. Absent before.'),
  lastSeenAt: z.iso.datetime().exactOptional(),
  address: z.string().exactOptional().describe('From where it was paired.'),
  agent: z.string().exactOptional().describe('What the browser said of itself then.'),
});
export type Screen = z.infer<typeof screen>;

const byId = { id: z.string().max(64) };

function describeScreens(screens: readonly Screen[], { show }: ShownWith): string {
  if (screens.length === 0) return "There are no screens. Run 'rollcall screen add' to add one.";
  const at = (time: string | undefined): string => (time === undefined ? '-' : show(time));
  return table(
    ['screen', 'camera', 'label', 'paired', 'last seen', 'from'],
    screens.map(({ id, camera, label, pairedAt, lastSeenAt, address = '-' }) => [
      ...[id, camera, label, at(pairedAt), at(lastSeenAt), address],
    ]),
  );
}

function describeSecret(
  { secret, screen: { pairUntil } }: { readonly secret: string; readonly screen: Screen },
  { show }: ShownWith,
): string {
  const until = pairUntil === undefined ? '' : ` until ${show(pairUntil)}`;
  return `${secret}\nOpen /kiosk# with this secret behind it in the browser of the screen${until}.`;
}

export const screenOperations = {
  'screens.list': operation({
    method: 'GET',
    path: '/screens',
    summary: 'List the screens that show prompts of challenges, newest first.',
    description: 'A caller who is limited to cameras gets the screens of these cameras only.',
    answer: { kind: 'json', schema: z.array(screen).readonly() },
    errors: [],
    scope: 'cameras:read',
    rate: 'default',
    commandLines: [
      {
        words: 'screen list',
        does: 'list the screens, with the camera of each',
        text: describeScreens,
        examples: [['rollcall screen list', 'show the screens and when each was last seen']],
      },
    ],
  }),
  'screens.add': operation({
    method: 'POST',
    path: '/screens',
    summary: 'Add a screen for a camera, and get the one-time secret that pairs its browser.',
    description:
      'Open `/kiosk#` with the secret behind it in the browser of the tablet within 15 minutes. The part behind `#` never leaves the browser as an address. A screen can see the prompts of its camera and say that it shows them. It can do nothing else.',
    input: z.strictObject({
      camera: cameraId,
      label: z.string().trim().min(1).max(100).describe('Where it stands. Write no names in it.'),
    }),
    answer: { kind: 'json', schema: z.object({ screen, secret: z.string().describe('Shown only here.') }) },
    creates: {
      id: 'screen.id',
      foundBy: 'screens.list',
      lost: 'Remove the screen (screens.remove), then add it again with a new key.',
    },
    errors: ['no-such-camera', 'too-many-screens', 'beyond-own-scopes'],
    scope: 'cameras:write',
    camera: 'camera',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
    commandLines: [
      {
        words: 'screen add',
        does: 'add a screen, and show the secret that pairs its browser; the secret works once',
        arguments: { camera: ['camera', 'id or name of the camera whose prompts it shows'] },
        options: { label: ['--label <text>', 'where it stands; write no names in it'] },
        text: describeSecret,
        examples: [["rollcall screen add gate --label 'Main door'", 'add a screen and show its secret']],
      },
    ],
  }),
  'screens.remove': operation({
    method: 'DELETE',
    path: '/screens/{id}',
    summary: 'Remove a screen. It shows no further prompt.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: ['no-such-screen'],
    scope: 'cameras:write',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'screen remove',
        does: 'remove a screen; it shows no further prompt',
        arguments: { id: ['screen', 'id of the screen'] },
        confirms: ({ input: { id } }) => `This ends the screen ${id}. To use it again, pair it again.`,
        text: ({ id }: { readonly id: string }) => `removed ${id}`,
        examples: [['rollcall screen remove ID', 'end a screen']],
      },
    ],
  }),
  'screens.pair': operation({
    method: 'POST',
    path: '/screens/pair',
    summary: 'Make the browser of this request a screen, with the secret of `screens.add`.',
    description:
      'The secret works once. Sets the cookie of the browser for 400 days, in place of the session of a user.',
    input: z.strictObject({ secret: z.string().min(1).max(100) }),
    answer: { kind: 'json', schema: screen },
    errors: ['pairing-refused'],
    scope: 'public',
    audit: 'write',
    rate: 'login',
  }),
} as const;

const count = z.int().positive();

/** What a screen receives. */
export const screenItem = z.discriminatedUnion('kind', [
  z
    .object({
      kind: z.literal('state'),
      name: z.string().describe('The name of the camera.'),
      isStreaming: z.boolean().describe('False while the box gets no pictures from the camera.'),
      isAsking: z.boolean().describe('False at a camera that does not require a challenge.'),
    })
    .describe('Comes at once, and then every 10 seconds or earlier.'),
  z.object({
    kind: z.literal('prompt'),
    nonce: z.string().describe('Identifies the challenge.'),
    state: z.enum(promptStates),
    position: count.describe('The number of the action, from 1.'),
    of: count.describe('How many actions there are.'),
    action: z.enum(challengeActions).exactOptional().describe('With `asked`.'),
    answerMs: z
      .number()
      .nonnegative()
      .exactOptional()
      .describe('With `asked`: how long the person has to begin.'),
    reason: z.enum(promptReasons).exactOptional().describe('With `failed` and `cancelled`.'),
  }),
]);
export type ScreenItem = z.infer<typeof screenItem>;

export const challengeOperations = {
  'challenges.follow': operation({
    method: 'GET',
    path: '/challenges/stream',
    summary: 'Receive the prompts of a camera, to show them.',
    description:
      'A prompt says what to do, never who is asked. Confirm with `challenges.shown` that you show it. Only then does the box wait for the person. The stream ends after 5 minutes: open it again at once.',
    input: z.strictObject({ camera: cameraId }),
    answer: { kind: 'lines', item: screenItem },
    errors: ['no-such-camera'],
    scope: 'prompts:show',
    camera: 'camera',
    rate: 'stream',
    isLong: true,
  }),
  'challenges.shown': operation({
    method: 'POST',
    path: '/challenges/shown',
    summary: 'Say that a person can see a prompt now.',
    input: z.strictObject({ camera: cameraId, nonce: z.string().min(1).max(64), position: count }),
    answer: {
      kind: 'json',
      schema: z.object({ isInTime: z.boolean().describe('False for a prompt that no longer waits.') }),
    },
    errors: [],
    scope: 'prompts:show',
    camera: 'camera',
    rate: 'default',
  }),
} as const;
