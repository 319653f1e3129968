import { z } from 'zod';
import { field } from './field.js';

export const diskSchema = z.strictObject({
  lowMiB: field(
    z.int().min(1).max(1_048_576).default(1024),
    'live',
    'The box says that its disk is nearly full (`disk-low`) when the file system of the gallery or of the records has less than so many MiB free, and that it is over when there is a quarter more.',
  ),
});
