import { counted } from '../../base/counted.js';
import type { BackupAnswer, BackupStatus, RestoreAnswer } from '../../control/backup-control.js';
import type { ControlClient } from '../../control/client.js';
import type { BackupProgress, BackupStep } from '../../gallery/backup/backup-progress.js';
import { inMiB, type ToldProgress } from '../progress.js';
import type { ShowTime } from '../site-time.js';

const mebibyte = 2 ** 20;

const stepWords: Readonly<Record<BackupStep, string>> = {
  copy: 'copying the gallery',
  write: 'writing the backup',
  'read-back': 'reading the backup again',
  read: 'reading the backup',
  unpack: 'unpacking its database',
  check: 'checking its pictures',
};

/** How far a backup is, in MiB. */
export function toldOf({ step, doneBytes, totalBytes }: BackupProgress): ToldProgress {
  return { ...inMiB(doneBytes, totalBytes), step: stepWords[step] };
}

/** Asks the daemon how far the backup or the restore under way is. */
export async function askHowFar(client: Pick<ControlClient, 'json'>): Promise<ToldProgress | undefined> {
  const { progress } = await client.json<BackupStatus>('GET', '/v1/backup');
  return progress === undefined ? undefined : toldOf(progress);
}

/** What a backup says about itself, a line each. */
export function describeBackup(backup: BackupAnswer, show: ShowTime): string {
  const { path, createdAt, site, box, program, recogniser, schemaVersion, counts } = backup;
  const size = (backup.sizeBytes / mebibyte).toFixed(1);
  const held = Object.entries(counts).map(([name, count]) => countedAs(count, wordsOf(name)));
  return [
    `${path}: ${size} MiB`,
    `  made       ${show(createdAt)} on ${box} of ${site}, by rollcall ${program}`,
    `  holds      ${held.join(', ')}`,
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

export function describeRestored(answer: RestoreAnswer, show: ShowTime): string {
  const createdAt = show(answer.backup.createdAt);
  const { persons, templates, erasedAgain, damagedKeys, log, damagedFile, sealed } = answer;
  const lines = [
    `restored ${counted(persons, 'person')} with ${counted(templates, 'template')}, as of ${createdAt}`,
  ];
  if (erasedAgain > 0)
    lines.push(
      `${counted(erasedAgain, 'person of the backup had been erased since and was', 'persons of the backup had been erased since and were')} erased again`,
    );
  if (damagedKeys > 0)
    lines.push(`${counted(damagedKeys, 'data key')} did not open: 'rollcall gallery verify' names the rows`);
  if (log === 'backup')
    lines.push(
      `this box does not know who was erased, or withdrew consent, after ${createdAt}: erase them again (rollcall person erase ID)`,
    );
  if (!answer.areErasuresKnown)
    lines.push(
      'The damaged file did not tell whom it had erased: erase again whoever was erased since the backup.',
    );
  if (log === 'backup') lines.push('The audit log of the backup goes on.');
  if (damagedFile !== undefined)
    lines.push(`The damaged file is ${damagedFile}: delete it once it was examined.`);
  if (sealed !== undefined)
    lines.push(`The gallery is sealed: ${sealed.message}`, `  what to do: ${sealed.remedy}`);
  return lines.join('\n');
}
