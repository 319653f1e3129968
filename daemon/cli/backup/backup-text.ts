import type { BackupStatus, FileBackup, RestoredGallery } from '../../contract/backups.js';
import type { BackupProgress } from '../../core/backups/backup-progress.js';
import type { BackupStep } from '../../kernel/backup-step.js';
import { counted } from '../../kernel/counted.js';
import { inMiB, type WorkProgress } from '../progress.js';
import type { ShowTime } from '../site-time.js';

const mebibyte = 2 ** 20;

const stepWords: Readonly<Record<BackupStep, string>> = {
  copy: 'copying the databases',
  write: 'writing the backup',
  'read-back': 'reading the backup back',
  read: 'reading the backup',
  unpack: 'unpacking its gallery',
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

/** What a restore of the gallery alone leaves as it is. */
const beside =
  'recorded events, passages, attendance corrections, alert rules, trusted issuers, accounts, settings, cameras, secrets, identity of the box';

/** What a restore leaves as it is. */
export const restoreKeeps = `A restore replaces the gallery and nothing else. This box keeps its own ${beside}.`;

/** The contents of a backup. */
export function describeBackup(backup: FileBackup, show: ShowTime): string {
  const { path, createdAt, site, box, program, recogniser, schemaVersion, counts } = backup;
  const size = (backup.sizeBytes / mebibyte).toFixed(1);
  const contents = Object.entries(counts).map(([name, count]) => countedAs(count, wordsOf(name)));
  return [
    `${path}: ${size} MiB`,
    `  made       ${show(createdAt)} on ${box} of ${site}, by rollcall ${program}`,
    `  contents   ${contents.join(', ')}`,
    ...(counts['files'] === undefined ? [`  not in it  ${beside}`] : []),
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

export function describeStatus(
  { recoveryKeyId, running, made, upload, schedule }: BackupStatus,
  show: ShowTime,
): string {
  const lines = [
    recoveryKeyId === undefined
      ? 'recovery key  none; make one: rollcall backup recovery-key init --out FILE'
      : `recovery key  ${recoveryKeyId}`,
    schedule === undefined
      ? 'schedule      none; set backups.schedule in the configuration'
      : `schedule      daily at ${schedule.at}, the newest ${schedule.keep} in ${schedule.directory}`,
  ];
  if (schedule !== undefined) {
    const { lastAt, lastFile, failure } = schedule;
    lines.push(`newest        ${lastAt === undefined ? 'none yet' : `${show(lastAt)}, ${lastFile ?? ''}`}`);
    if (failure !== undefined)
      lines.push(`FAILED        ${show(failure.at)}: ${failure.code}; the box tries again every half hour`);
  }
  if (running !== undefined) lines.push(`running       ${running}`);
  if (made !== undefined) lines.push(`for download  ${show(made.createdAt)}, until ${show(made.expiresAt)}`);
  if (upload !== undefined) lines.push(`upload        ${upload.receivedBytes} bytes`);
  return lines.join('\n');
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
