import { z } from 'zod';
import { field } from './field.js';

function limits(events: number, days: number, what: string) {
  return z
    .strictObject({
      events: field(
        z.int().min(100).max(10_000_000).default(events),
        'live',
        'Maximum number of waiting events of each kind. Beyond it, the oldest are given up.',
      ),
      days: field(
        z.int().min(1).max(36_500).default(days),
        'live',
        'Days after which a waiting event is given up.',
      ),
    })
    .prefault({})
    .meta({ description: what });
}

/** The least important events are given up first, attendance last. A `gap` event reports the loss. See docs/reference/delivery.md. */
export const outboxSchema = z.strictObject({
  totalMiB: field(
    z.int().min(16).max(1_048_576).default(2048),
    'live',
    'Maximum MiB of all waiting events together. Beyond it, the least important kinds are given up first, attendance last.',
  ),
  attendance: limits(1_000_000, 365, 'Attendances, and passages that could be either of two persons.'),
  persons: limits(100_000, 365, 'Enrolled, removed, restored and erased persons; daily summaries.'),
  attacks: limits(100_000, 90, 'Presentation attacks.'),
  unknown: limits(100_000, 30, 'Unknown persons.'),
  box: limits(10_000, 365, 'The box itself: gaps, keys, digests of the audit log, gallery, conditions.'),
  replies: limits(10_000, 7, 'Replies to commands of a centre.'),
  cameras: limits(10_000, 30, 'States of cameras.'),
});
