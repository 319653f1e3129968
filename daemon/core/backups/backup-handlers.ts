import type { BackupStatus, backupOperations } from '../../contract/backups.js';
import type { Handlers } from '../../contract/handlers.js';
import { wipe } from '../../host/sodium.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import type { GalleryBackups } from './gallery-backups.js';
import { noSuchBackup } from './kept-backups.js';
import type { Unlock } from './recipient.js';
import { readRecoveryKey } from './recovery-key-text.js';

/** The operations on backups. */
export function backupHandlers(
  backups: GalleryBackups,
  schedule: () => BackupStatus['schedule'] = () => undefined,
): Handlers<typeof backupOperations> {
  return {
    'backups.show': async () => ({ ...(await backups.status()), ...present({ schedule: schedule() }) }),
    'backups.set-recovery-key': async ({ publicKey }, { caller }) => {
      const key = readRecoveryKey('public', Buffer.from(publicKey, 'utf8'));
      return { keyId: await backups.installRecoveryKey(key, caller) };
    },
    'backups.create': ({ passphrase }, { caller }) => backups.createKept(passphrase, caller),
    'backups.download': ({ id, offset }, { caller }) => ({ bytes: backups.download(id, offset, caller) }),
    'backups.make': (_input, { caller }) => backups.createKept(undefined, caller),
    'backups.fetch': ({ id, offset }, { caller }) => {
      if (!backups.kept.isForKeyAlone(id)) throw noSuchBackup(id);
      return { bytes: backups.download(id, offset, caller) };
    },
    'backups.remove': async ({ id }, { caller }) => {
      await backups.removeKept(id, caller);
      return { removed: id };
    },
    'backups.upload': async ({ id, offset, piece: [piece] }, { caller }) => {
      if (piece === undefined) throw refusal('bad-request:no-piece');
      return backups.upload(piece, { id, offset }, caller);
    },
    'backups.verify': ({ id, ...secrets }, { caller }) =>
      withUnlock(secrets, (secret) => backups.verifyKept(id, secret, caller)),
    'backups.restore': ({ id, provider, keyPassphrase, ...secrets }, { caller }) =>
      withUnlock(secrets, (secret) =>
        backups.restoreKept(id, { secret, ...present({ provider, keyPassphrase }) }, caller),
      ),
    'backups.write-file': ({ path, passphrase }, { caller }) =>
      backups.create({ path, ...present({ passphrase }) }, caller),
    'backups.restore-file': ({ path, provider, keyPassphrase, ...secrets }, { caller }) =>
      withUnlock(secrets, (secret) =>
        backups.restore({ path, secret, ...present({ provider, keyPassphrase }) }, caller),
      ),
  };
}

/** The secrets of a request that can open a backup. */
interface GivenSecrets {
  readonly recoverySecret?: Buffer | undefined;
  readonly passphrase?: Buffer | undefined;
}

/** Reads the secret that opens a backup, and wipes it after `work`. @throws `bad-request`, `recovery-key-malformed` */
async function withUnlock<T>(
  { recoverySecret: text, passphrase }: GivenSecrets,
  work: (secret: Unlock) => Promise<T>,
): Promise<T> {
  if (text === undefined && passphrase !== undefined) return work({ passphrase });
  if (text === undefined || passphrase !== undefined) {
    throw refusal('bad-request:one-secret');
  }
  const recoverySecret = readRecoveryKey('secret', text);
  try {
    return await work({ recoverySecret });
  } finally {
    wipe(recoverySecret);
  }
}
