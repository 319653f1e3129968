import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushContext, PushDevices } from '../../daemon/core/alerts/web-push.js';
import { openCredential } from '../../daemon/host/credentials.js';
import type { AlertMessage } from '../../daemon/kernel/alerts/alert-message.js';
import { cameraId } from '../../daemon/kernel/ids.js';

export const alertAtMs = Date.UTC(2026, 2, 2, 9, 0, 0);

export function alertMessageOf(changes: Partial<AlertMessage> = {}): AlertMessage {
  return {
    id: '0195f0a0-0000-7000-8000-000000000001',
    atMs: alertAtMs,
    ...{ phase: 'raised', rule: 'strangers', on: 'unknown', severity: 'warning' },
    subject: '3 unknown people at Gate in 10 minutes',
    text: '3 unknown people at Gate in 10 minutes\n\nSite office, box box-1.',
    parts: [
      {
        cameraId: cameraId('gate'),
        cameraName: 'Gate',
        ...{ count: 3, fromMs: alertAtMs - 570_000, untilMs: alertAtMs, code: null },
        ...{ firstSequence: 4, lastSequence: 9 },
      },
    ],
    ...changes,
  };
}

/** No user shows alerts on a device. */
export const noDevices: PushDevices = {
  wanting: () => [],
  authorization: () => '',
  sent: () => undefined,
  gone: () => undefined,
};

/** A directory of secrets that is removed with its owner. */
export interface SecretsFolder extends Disposable {
  readonly context: PushContext;
  write(name: string, secret: string): void;
  /** Writes a file that is not a secret; returns its path. */
  file(name: string, text: string): string;
}

export function secretsFolder(): SecretsFolder {
  const path = mkdtempSync(join(tmpdir(), 'rollcall-alert-secrets-'));
  return {
    context: {
      identity: { siteId: 'office', boxId: 'box-1' },
      openSecret: (name) => openCredential(name, { secretsDirectory: path }),
      bounds: 'anywhere',
      version: '0.0.0',
      networks: [],
      devices: noDevices,
    },
    write: (name, secret) => writeFileSync(join(path, name), secret, { mode: 0o600 }),
    file(name, text) {
      writeFileSync(join(path, name), text);
      return join(path, name);
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
