import { z } from 'zod';
import { fieldId, mostFields } from '../../kernel/persons/custom-fields.js';
import { refuseRepeatedIds, whenList } from './cross-checks.js';
import { shownName } from './scalars.js';
import { field } from './setting-field.js';

const customField = z.strictObject({
  id: field(
    z
      .string()
      .regex(fieldId, {
        error: 'must be 1 to 32 lower-case letters, digits or "_", beginning with a letter',
      })
      // What every object of JavaScript has already.
      .refine((id) => !(id in {}), { error: 'is a word that the program uses itself' }),
    'live',
    'Stable ID of the field. Values are stored under it, and a column of a table is named after it: `field_` and the ID.',
  ),
  name: field(shownName, 'live', 'Name of the field in the console.'),
});

export const personsSchema = z.strictObject({
  fields: z
    .array(customField)
    .max(mostFields)
    .superRefine((fields, context) => void refuseRepeatedIds({ '': fields }, 'field', context), whenList)
    .default([]),
});
