import { z } from 'zod';
import { field } from './field.js';

export const identitySchema = z.strictObject({
  overlapDays: field(
    z.int().min(1).max(365).default(14),
    'live',
    'Days a former key of the box stays in its key set after a rotation: how long a centre may take to notice. What was sealed to it opens as long.',
  ),
});
