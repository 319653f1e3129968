import { z } from 'zod';
import { field } from './field.js';

const longestDays = 36_500;

/** Days, or the word `forever`: that nothing is forgotten has to be somebody's decision. */
function days(least: number, otherwise: number, description: string) {
  const rule = z.union([z.int().min(least).max(longestDays), z.literal('forever')], {
    error: `must be a whole number of days from ${least} to ${longestDays}, or "forever"`,
  });
  return field(rule.default(otherwise), 'live', description);
}

/** The least for records is a day: the longest cooldown looks back so far. */
export const retentionSchema = z.strictObject({
  atHour: field(
    z.int().min(0).max(23).default(3),
    'live',
    'Hour of the day, in the time zone of the site, from which the daily run may begin. A box that was off then runs soon after its start.',
  ),
  photographs: days(
    0,
    365,
    'Days an enrolment photograph is kept. Templates stay, so recognition goes on; moving to another recogniser needs the photographs.',
  ),
  attendanceEvidence: days(0, 30, 'Days the picture kept with an attendance stays.'),
  unknownEvidence: days(0, 7, 'Days the picture of an unknown person stays.'),
  attackEvidence: days(0, 30, 'Days the picture of a presentation attack stays.'),
  attendanceRecords: days(
    1,
    365,
    'Days an attendance is kept on the box, and at most a daily summary. Never deleted while it waits in the outbox.',
  ),
  unknownRecords: days(1, 90, 'Days the record of an unknown person is kept.'),
  attackRecords: days(1, 90, 'Days the record of a presentation attack is kept.'),
  replyRecords: days(
    1,
    7,
    'Days a reply to a command of a centre is kept; it may hold what was sealed to that centre.',
  ),
  otherRecords: days(
    1,
    90,
    'Days every other event is kept: persons, cameras, gallery, box, keys, digests, daily summaries, gaps.',
  ),
  removedPersons: days(
    0,
    30,
    'Days after which a removed person, who can be restored until then, is erased for good.',
  ),
  unfinishedImports: days(1, 1, 'Days after which an import that was never committed is discarded.'),
  auditEntries: days(1, 730, 'Days an entry of the audit log is kept.'),
  tombstones: days(
    1,
    400,
    'Days the id of somebody erased is remembered, so that restoring a backup does not bring them back: longer than the oldest backup.',
  ),
  databaseCopies: days(0, 7, 'Days the copy of a database made before an update changed its shape is kept.'),
});
