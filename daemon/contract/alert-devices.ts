import { z } from 'zod';
import { operation } from './operation.js';

const rules = z
  .array(z.string().min(1).max(64))
  .max(100)
  .describe('Only alerts of these rules. Absent: of all rules that use a channel of the kind `push`.');

/** A browser that shows alerts of the box as notifications. */
export const alertDevice = z.object({
  id: z
    .string()
    .describe(
      '`d-` and the first 16 bytes of the SHA-256 of its address (endpoint), in base64url without padding.',
    ),
  agent: z.string().exactOptional().describe('What the browser says about itself.'),
  service: z.string().describe('The host of its push service.'),
  rules: rules.readonly().exactOptional(),
  createdAt: z.iso.datetime(),
  lastSentAt: z.iso.datetime().exactOptional().describe('When its push service last took an alert.'),
});
export type AlertDevice = z.infer<typeof alertDevice>;

export const alertDevices = z.object({
  publicKey: z
    .string()
    .exactOptional()
    .describe(
      'The key of the box for push services (RFC 8292), base64url: `applicationServerKey` of a subscription. Absent where no channel has the kind `push`.',
    ),
  devices: z.array(alertDevice).readonly().describe('Yours, oldest first.'),
});
export type AlertDevices = z.infer<typeof alertDevices>;

const id = z.string().min(1).max(64).describe('The id of one of your devices.');
const change = { scope: 'alerts:read', audit: 'write', rate: 'default' } as const;

export const alertDeviceOperations = {
  'alerts.devices': operation({
    method: 'GET',
    path: '/alert-devices',
    summary: 'List your devices that show alerts as notifications.',
    answer: { kind: 'json', schema: alertDevices },
    errors: ['not-an-account'],
    scope: 'alerts:read',
    rate: 'default',
  }),
  'alerts.add-device': operation({
    ...change,
    method: 'POST',
    path: '/alert-devices',
    summary: 'Show alerts on a device, by the push service of its browser.',
    description:
      'Takes what `PushManager.subscribe` gives. An address that the box knows already replaces what was there, and then belongs to you. The device is removed when its session is ended, when all your other sessions end, and when its push service no longer knows it.',
    needsStepUp: true,
    input: z.strictObject({
      endpoint: z.string().min(1).max(1024).describe('The address of the device at its push service.'),
      p256dh: z
        .string()
        .regex(/^[A-Za-z0-9_-]{87}$/)
        .describe('Public key of the device: `getKey("p256dh")` in base64url.'),
      auth: z
        .string()
        .regex(/^[A-Za-z0-9_-]{22}$/)
        .describe('Secret of the device: `getKey("auth")` in base64url.'),
      rules: rules.optional(),
    }),
    answer: { kind: 'json', schema: alertDevice },
    creates: { id: 'id', foundBy: 'alerts.devices' },
    errors: [
      'not-an-account',
      'push-not-offered',
      'push-service-refused',
      'push-key-refused',
      'too-many-devices',
    ],
  }),
  'alerts.change-device': operation({
    ...change,
    method: 'PUT',
    path: '/alert-devices/{id}/rules',
    summary: 'Choose the rules whose alerts one of your devices shows.',
    input: z.strictObject({ id, rules: rules.optional() }),
    answer: { kind: 'json', schema: alertDevice },
    errors: ['not-an-account', 'no-such-device'],
  }),
  'alerts.remove-device': operation({
    ...change,
    method: 'DELETE',
    path: '/alert-devices/{id}',
    summary: 'Show no more alerts on one of your devices.',
    input: z.strictObject({ id }),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: ['not-an-account', 'no-such-device'],
  }),
} as const;
