import type { BackupStatus, FileBackup, RestoredGallery } from '../../contract/backups.js';
import type { BackupProgress } from '../../core/backups/backup-progress.js';
import type { BackupStep } from '../../kernel/backup-step.js';
import { counted } from '../../kernel/counted.js';
import { inMiB, type WorkProgress } from '../progress.js';
import type { ShowTime } from '../site-time.js';

const mebibyte = 2 ** 20;

const stepWords: Readonly<Record<BackupStep, string>> = {
  copy: 'copying the gallery',
  write: 'writing the backup',
  'read-back': 'reading the backup back',
  read: 'reading the backup',
  unpack: 'unpacking its database',
  check: 'checking its pictures',
};

/** Progress in MiB. */
export function progressOf({ step, doneBytes, totalBytes }: BackupProgress): WorkProgress {
  return { ...inMiB(doneBytes, totalBytes), step: stepWords[step] };
}

/** Asks the daemon for the progress of a backup or restore. */
export async function readBackupProgress(client: {
  call(id: 'backups.show'): Promise<BackupStatus>;
}): Promise<WorkProgress | undefined> {
  const { progress } = await client.call('backups.show');
  return progress === undefined ? undefined : progressOf(progress);
}

/** What only a copy of other files brings back. */
const notHeld =
  'recorded events, passages, attendance corrections, alert rules, trusted issuers, accounts, settings, cameras, secrets, identity of the box';

/** What a restore leaves as it is. */
export const restoreKeeps = `A restore replaces the gallery and nothing else. This box keeps its own ${notHeld}.`;

/** The contents of a backup. */
export function describeBackup(backup: FileBackup, show: ShowTime): string {
  const { path, createdAt, site, box, program, recogniser, schemaVersion, counts } = backup;
  const size = (backup.sizeBytes / mebibyte).toFixed(1);
  const contents = Object.entries(counts).map(([name, count]) => countedAs(count, wordsOf(name)));
  return [
    `${path}: ${size} MiB`,
    `  made       ${show(createdAt)} on ${box} of ${site}, by rollcall ${program}`,
    `  contents   ${contents.join(', ')}`,
    `  not in it  ${notHeld}`,
    `  recogniser ${recogniser}; schema ${schemaVersion}`,
    `  sha256     ${backup.sha256}`,
  ].join('\n');
}

/** `name` is in the plural. */
function countedAs(count: number, name: string): string {
  return counted(count, name.replace(/ies$/, 'y').replace(/s$/, ''), name);
}

/** `auditEntries` as `audit entries`. */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

export function describeRestored(answer: RestoredGallery, show: ShowTime): string {
  const createdAt = show(answer.backup.createdAt);
  const { persons, templates, erasedAgain, damagedKeys, log, damagedFile, sealed } = answer;
  const lines = [
    `restored ${counted(persons, 'person')} with ${counted(templates, 'template')}, as of ${createdAt}`,
    restoreKeeps,
  ];
  if (erasedAgain > 0)
    lines.push(
      `erased ${counted(erasedAgain, 'person')} again who had been erased after the backup was made`,
    );
  if (damagedKeys > 0)
    lines.push(
      `${counted(damagedKeys, 'data key')} did not open; run 'rollcall gallery verify' to list the rows`,
    );
  if (log === 'backup')
    lines.push(
      `This box does not know who was erased or withdrew consent after ${createdAt}. Erase them again (rollcall person erase ID).`,
    );
  if (!answer.areErasuresKnown)
    lines.push('The damaged file does not show who was erased after the backup. Erase these persons again.');
  if (log === 'backup') lines.push('The audit log continues from the log in the backup.');
  if (damagedFile !== undefined)
    lines.push(`The damaged gallery is kept as ${damagedFile}. Delete it after you have examined it.`);
  if (sealed !== undefined)
    lines.push(`The gallery is sealed: ${sealed.message}`, `  what to do: ${sealed.remedy}`);
  return lines.join('\n');
}
