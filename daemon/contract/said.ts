import { z } from 'zod';
import { declareTexts, type Said, type SaidTexts } from '../kernel/said.js';

/** A value that is itself a message. Not declared by itself: a schema that contains itself needs a name in each document. */
const saidWithin = z
  .record(z.string(), z.unknown())
  .describe('A message within the message: an object with `code` and `values`.');

/** What a text of the box says, for programs that put it into words themselves. */
export const said = z.object({
  code: z
    .string()
    .max(100)
    .describe('File and key of the message below `daemon/words`. Stable and never translated.'),
  values: z
    .record(z.string(), z.union([z.string(), z.number(), saidWithin]))
    .readonly()
    .exactOptional()
    .describe('What the message shows, by name.'),
}) as unknown as z.ZodType<Said, Said>;

/**
 * What the texts of a document say, by the names of the fields that have them: the texts are in the language that the caller
 * asked for with `Accept-Language`, and in English without.
 */
export const says = <const Field extends string>(...fields: readonly Field[]) =>
  z
    .object(Object.fromEntries(fields.map((field) => [field, said.exactOptional()])))
    .overwrite(declareTexts)
    .exactOptional()
    .describe('What these texts say, as codes with values.') as unknown as z.ZodExactOptional<
    z.ZodType<SaidTexts<Field>, SaidTexts<Field>>
  >;
