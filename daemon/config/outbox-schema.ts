import { z } from 'zod';
import { field } from './field.js';

function limits(events: number, days: number, what: string) {
  return z
    .strictObject({
      events: field(
        z.int().min(100).max(10_000_000).default(events),
        'live',
        'So many of each kind may wait; the oldest of those beyond are given up.',
      ),
      days: field(
        z.int().min(1).max(36_500).default(days),
        'live',
        'Days after which one that still waits is given up.',
      ),
    })
    .prefault({})
    .meta({ description: what });
}

/** Least worth goes first, attendance last; what goes is stated in an event of its own. See docs/delivery.md. */
export const outboxSchema = z.strictObject({
  totalMiB: field(
    z.int().min(16).max(1_048_576).default(2048),
    'live',
    'MiB that all waiting events may take together. Beyond it the kinds of least worth are given up first, attendance last.',
  ),
  attendance: limits(1_000_000, 365, 'Attendance; persons who could be either of two.'),
  persons: limits(100_000, 365, 'Persons enrolled, removed, restored and erased; daily summaries.'),
  attacks: limits(100_000, 90, 'Presentation attacks.'),
  unknown: limits(100_000, 30, 'Unknown persons.'),
  box: limits(10_000, 365, 'The box itself: gaps, keys, digests of the audit log, gallery, conditions.'),
  replies: limits(10_000, 7, 'Replies to commands of a centre.'),
  cameras: limits(10_000, 30, 'What cameras deliver.'),
});
