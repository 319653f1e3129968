import { z } from 'zod';
import { field } from './setting-field.js';

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
    'Hour of the day, in the time zone of the site, after which the daily run can start. If the box was off at that hour, the run starts soon after the box does.',
  ),
  photographs: days(
    0,
    365,
    'Days that an enrolment photo is kept. Templates are kept longer, so recognition continues. Switching to another recogniser requires the photos.',
  ),
  attendanceEvidence: days(
    0,
    30,
    'Days that the image of an attendance is kept, or of a person who was recognised without passing the liveness check.',
  ),
  unknownEvidence: days(0, 7, 'Days that the image of an unknown person is kept.'),
  attackEvidence: days(0, 30, 'Days that the image of a presentation attack is kept.'),
  passagePictures: days(
    0,
    2,
    'Days that the image of a passage is kept if no event has an image of it. `evidence` determines which images are stored.',
  ),
  clips: days(
    0,
    3,
    'Days that the clip of a passage is kept. It goes with its passage in any case. `clips` determines which clips are made.',
  ),
  attendanceRecords: days(
    1,
    365,
    'Days that an attendance record is kept, with feedback on passages. Also the maximum for daily summaries. A record is never deleted while it waits in the outbox.',
  ),
  unknownRecords: days(
    1,
    90,
    'Days that the record of an unknown person is kept, and of changes to unknown people.',
  ),
  attackRecords: days(1, 90, 'Days that the record of a presentation attack is kept.'),
  replyRecords: days(
    1,
    7,
    'Days that a reply to a command from a centre is kept. It may contain data that is encrypted for that centre.',
  ),
  otherRecords: days(
    1,
    90,
    'Days that all other events are kept: people, cameras, gallery, box, keys, digests, daily summaries, gaps.',
  ),
  passages: days(
    0,
    7,
    'Days that a passage is kept: who or what passed a camera, what was measured, and why it was recorded or not. The key of the day is deleted with it.',
  ),
  removedPersons: days(
    0,
    30,
    'Days after which a removed person is erased permanently. Until then, the person can be restored.',
  ),
  strangers: days(
    0,
    3,
    'Days that an unknown person is remembered after the last visit: encrypted templates, cameras, and times under an opaque ID, so that visits can be counted across cameras and days. This is biometric data of people who did not consent: docs/reference/strangers.md explains the law. 0: unknown people are told apart only in memory, only during `rules.unknownCooldownS`, and without IDs; all stored data about them is deleted.',
  ),
  ignoredStrangers: days(0, 90, 'Days that an ignored unknown person is remembered after the last visit.'),
  unfinishedImports: days(1, 1, 'Days after which an uncommitted import is discarded.'),
  auditEntries: days(1, 730, 'Days that an audit log entry is kept.'),
  tombstones: days(
    1,
    400,
    'Days that the ID of an erased person is remembered, so that a restored backup does not bring the person back. Choose a period longer than the age of your oldest backup.',
  ),
  databaseCopies: days(
    0,
    7,
    'Days that a database copy is kept that an update made before it changed the format.',
  ),
});
