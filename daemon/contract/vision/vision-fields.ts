import { z } from 'zod';
import { photoWarnings } from '../../kernel/faces/photo-quality.js';
import { qualityReasons } from '../../kernel/faces/quality.js';
import { shownText } from '../../kernel/printable-text.js';
import type { Said } from '../../kernel/said.js';

/**
 * What several messages between the core and a vision process have. The core does not trust a process that decodes camera bytes:
 * it checks every report against schemas made of these parts before it uses it.
 */

export const finite = z.number();
export const count = z.number().int().nonnegative();
export const unit = z.number().min(0).max(1);

/** A text from the vision process or a camera. Parsing makes it one line without control characters. */
export const shortText = z
  .string()
  .max(2000)
  .transform((text) => shownText(text));

const saidCode = z.string().regex(/^[\w-]{1,40}\/[\w:-]{1,60}$/);
const saidValues = <Value extends z.ZodType>(value: Value) =>
  z.record(z.string().max(40), value).refine((values) => Object.keys(values).length <= 20);

/** What a text says. A value may be a message, whose values may be messages: deeper ones could be nested without end. */
const plainlySaid = z.strictObject({
  code: saidCode,
  values: saidValues(z.union([shortText, finite])).exactOptional(),
});
const partlySaid = plainlySaid.extend({
  values: saidValues(z.union([shortText, finite, plainlySaid])).exactOptional(),
});
const said = plainlySaid.extend({
  values: saidValues(z.union([shortText, finite, partlySaid])).exactOptional(),
}) as unknown as z.ZodType<Said, Said>;

/** Why something was not done, for people. */
export const problem = {
  code: shortText,
  message: shortText,
  remedy: shortText,
  says: z.strictObject({ message: said.exactOptional(), remedy: said.exactOptional() }).exactOptional(),
};

/** Ids become parts of topics, file names, log lines and events. */
export const identifier = z.string().regex(/^[\w.@:+-]{1,128}$/);

/** Larger than any picture is wide, in pixels. */
export const pixels = z.number().min(-1e6).max(1e6);

export const degrees = z.number().min(-180).max(180);

/** Most values in an embedding of any supported recogniser; 4 bytes each. */
export const maximumEmbeddingValues = 1024;

export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4;
export const embeddingText = z.string().max(base64Length(maximumEmbeddingValues * 4));
export const luma = z.number().min(0).max(255);
export const pixelCount = z.number().int().min(0).max(1e6);
export const box = z.strictObject({ x: pixels, y: pixels, width: pixels, height: pixels });

export const quality = z.strictObject({
  score: unit,
  reasons: z.array(z.enum(qualityReasons)).max(qualityReasons.length),
});

/** `reasons` are those that refuse the photograph. */
export const photoQuality = quality.extend({
  warnings: z.array(z.enum(photoWarnings)).max(photoWarnings.length).exactOptional(),
});
