import { z } from 'zod';
import { field } from './field.js';

const longestDays = 36_500;

/** Days, or the word `forever`: keeping data without limit must be a decision. */
function days(least: number, otherwise: number, description: string) {
  const rule = z.union([z.int().min(least).max(longestDays), z.literal('forever')], {
    error: `must be a whole number of days from ${least} to ${longestDays}, or "forever"`,
  });
  return field(rule.default(otherwise), 'live', description);
}

/** The minimum for records is one day because the longest cooldown is one day. */
export const retentionSchema = z.strictObject({
  atHour: field(
    z.int().min(0).max(23).default(3),
    'live',
    'Hour of the day, in the time zone of the site, from which the daily run may begin. A box that was off at that hour runs it soon after its start.',
  ),
  photographs: days(
    0,
    365,
    'Days that an enrolment photograph is kept. Templates stay, so recognition continues. A change of recogniser needs the photographs.',
  ),
  attendanceEvidence: days(
    0,
    30,
    'Days that the picture of an attendance, or of a person recognised without proof of life, is kept.',
  ),
  unknownEvidence: days(0, 7, 'Days that the picture of an unknown person is kept.'),
  attackEvidence: days(0, 30, 'Days that the picture of a presentation attack is kept.'),
  passagePictures: days(
    0,
    2,
    'Days that the picture of a passage is kept of which no event has a picture. `evidence` selects which pictures are kept.',
  ),
  attendanceRecords: days(
    1,
    365,
    'Days that an attendance is kept on the box, and what operators said of passages; and at most a daily summary. It is never deleted while it waits in the outbox.',
  ),
  unknownRecords: days(
    1,
    90,
    'Days that the record of an unknown person is kept, and of what a stranger did or became.',
  ),
  attackRecords: days(1, 90, 'Days that the record of a presentation attack is kept.'),
  replyRecords: days(
    1,
    7,
    'Days that a reply to a command of a centre is kept. It may contain data that is sealed to that centre.',
  ),
  otherRecords: days(
    1,
    90,
    'Days that all other events are kept: persons, cameras, gallery, box, keys, digests, daily summaries, gaps.',
  ),
  passages: days(
    0,
    7,
    'Days that a passage is kept: who or what passed a camera, what was measured, and why it was recorded or not. The key of its day is deleted with it.',
  ),
  removedPersons: days(
    0,
    30,
    'Days after which a removed person is erased for good. Until then the person can be restored.',
  ),
  strangers: days(
    0,
    3,
    'Days that a stranger is remembered after the last visit: sealed templates, cameras and times under an opaque id, so that visits can be counted over cameras and days. These are biometric data of people who did not consent: see docs/reference/strangers.md for the law. 0: strangers are told apart in memory during `rules.unknownCooldownS` only, without ids, and all that is stored of them is deleted.',
  ),
  ignoredStrangers: days(
    0,
    90,
    'Days that a stranger whom you told the box to ignore is remembered after the last visit.',
  ),
  unfinishedImports: days(1, 1, 'Days after which an uncommitted import is discarded.'),
  auditEntries: days(1, 730, 'Days that an entry of the audit log is kept.'),
  tombstones: days(
    1,
    400,
    'Days that the id of an erased person is remembered, so that a restored backup does not bring the person back. Set it longer than the age of the oldest backup.',
  ),
  databaseCopies: days(
    0,
    7,
    'Days that the copy of a database is kept which an update made before it changed the format.',
  ),
});
