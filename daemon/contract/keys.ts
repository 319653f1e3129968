import { z } from 'zod';
import { rotationStates } from '../kernel/gallery/gallery-job.js';
import { keyProviderKinds } from '../kernel/gallery/key-provider-kind.js';
import { fault } from './api-errors.js';
import { operation, type SecretPart } from './operation.js';

/** A key-encryption key in force. */
export const keySlot = z.object({
  keyId: z.string().describe('Public; reveals nothing about the key.'),
  provider: z.enum(keyProviderKinds),
  isCurrent: z.boolean().describe('False for a key that a running rotation replaces.'),
  createdAt: z.iso.datetime(),
  ageS: z.number().describe('Seconds.'),
});

/** The running key rotation, or the latest one since the start of the daemon. */
export const keyRotation = z.object({
  depth: z.enum(['wrap', 'deep']).describe('`deep`: every field is also encrypted again.'),
  fromKeyId: z.string(),
  toKeyId: z.string(),
  startedAt: z.iso.datetime(),
  state: z
    .enum(rotationStates)
    .describe(
      '`waiting`: a step failed and is tried again. `stopped` and `failed`: it continues when the gallery is next opened.',
    ),
  total: z.int().nonnegative().describe('Number of data keys.'),
  done: z.int().nonnegative().describe('Of these, the ones that are rotated.'),
  damaged: z.int().nonnegative().describe('Persons and pictures with a damaged field. Their bytes are kept.'),
  problem: fault.exactOptional().describe('Why it waits or failed.'),
});
export type KeyRotation = z.infer<typeof keyRotation>;

/** Errors of the sources of keys: a secret, a passphrase, the TPM. */
export const keyProviderErrors = [
  'key-missing',
  'key-malformed',
  'passphrase-needed',
  'passphrase-refused',
  'passphrase-not-hashed',
  'key-provider-busy',
  'tpm-missing',
  'tpm-tools-missing',
  'tpm-silent',
  'tpm-refused',
  'tpm-blob-damaged',
  'tpm-work-directory',
  'credential-missing',
  'credential-empty',
  'credential-too-large',
  'credential-unreadable',
  'credential-exposed',
] as const;

/** The largest passphrase that a request may have, bytes. It is longer than any that the gallery accepts. */
export const largestPassphraseBytes = 2048;

/** A passphrase in a request. */
export function passphrasePart(description: string): SecretPart {
  return { isRequired: false, maximumBytes: largestPassphraseBytes, description };
}

/** Whether the gallery is open, and its keys. */
export const keyStatus = z.object({
  state: z.enum(['open', 'sealed']),
  reason: fault.exactOptional().describe('Why the gallery is sealed.'),
  slots: z
    .array(keySlot)
    .readonly()
    .describe('The keys in force, the current one first. Empty in a gallery without a key.'),
  rotation: keyRotation.exactOptional(),
});
export type KeyStatus = z.infer<typeof keyStatus>;

/** Whether a source of keys works on this machine. */
export const keyProviderReport = z.object({
  kind: z.enum(keyProviderKinds),
  description: z.string(),
  isUsable: z.boolean(),
  message: z.string(),
  remedy: z.string().exactOptional(),
});

export const keyOperations = {
  'keys.show': operation({
    method: 'GET',
    path: '/keys',
    summary: 'Show whether the gallery is open, its keys with their age, and the progress of a rotation.',
    answer: { kind: 'json', schema: keyStatus },
    errors: ['gallery-damaged'],
    scope: 'keys:read',
    rate: 'default',
  }),
  'keys.providers': operation({
    method: 'GET',
    path: '/keys/providers',
    summary: 'Show which sources of the key work on this machine, and why the others do not.',
    answer: { kind: 'json', schema: z.array(keyProviderReport).readonly() },
    errors: [],
    scope: 'keys:read',
    rate: 'default',
    isLong: true,
  }),
  'keys.create': operation({
    method: 'POST',
    path: '/keys',
    summary: 'Make the first key of a new gallery, and open the gallery.',
    description:
      'The answer has the state `sealed` and a reason if the gallery did not open with its new key.',
    input: z.strictObject({
      provider: z
        .enum(keyProviderKinds)
        .describe('Where the key comes from: a secret file, a passphrase or the TPM.'),
    }),
    secrets: {
      passphrase: passphrasePart('Needed by the provider `passphrase`: UTF-8, 12 characters or more.'),
    },
    answer: { kind: 'json', schema: keyStatus },
    creates: { foundBy: 'keys.show' },
    errors: ['key-exists', 'gallery-damaged', 'gallery-unusable', ...keyProviderErrors],
    scope: 'keys:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    secondPerson: 'keys',
  }),
  'keys.unlock': operation({
    method: 'POST',
    path: '/keys/unlock',
    summary: 'Open a sealed gallery.',
    description:
      'A gallery that is open stays open. The answer has the state `sealed` and a reason if the gallery could not be opened: a wrong passphrase is no error.',
    secrets: { passphrase: passphrasePart('Needed if the gallery has a key of the provider `passphrase`.') },
    answer: { kind: 'json', schema: keyStatus },
    errors: ['gallery-damaged'],
    scope: 'keys:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
  }),
  'keys.rotate': operation({
    method: 'POST',
    path: '/keys/rotations',
    summary: 'Begin to replace the key of the gallery. Recognition continues.',
    description: 'The rotation runs in the background; `keys.show` has its progress. It survives restarts.',
    input: z.strictObject({
      depth: z
        .enum(['wrap', 'deep'])
        .default('wrap')
        .describe(
          '`wrap`: the new key encrypts the existing data keys. `deep`: every field also gets a new data key.',
        ),
      provider: z
        .enum(keyProviderKinds)
        .optional()
        .describe('Where the new key comes from. Default: where the present key comes from.'),
    }),
    secrets: {
      passphrase: passphrasePart('Needed by the provider `passphrase`: UTF-8, 12 characters or more.'),
    },
    answer: { kind: 'json', schema: keyRotation },
    creates: { id: 'toKeyId', foundBy: 'keys.show' },
    errors: [
      'gallery-sealed',
      'gallery-closed',
      'gallery-damaged',
      'rotation-running',
      'key-used-before',
      'key-next-missing',
      ...keyProviderErrors,
    ],
    scope: 'keys:write',
    audit: 'write',
    centre: { scope: 'keys', command: 'rotate-keys' },
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    secondPerson: 'keys',
  }),
} as const;
