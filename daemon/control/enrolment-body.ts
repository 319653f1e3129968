import { z } from 'zod';
import { badInput } from '../base/errors.js';
import type { EnrolmentRequest } from './box-control.js';

/** Photographs of one enrolment request; more views than this teach the recogniser nothing. */
const maximumPhotographs = 20;
/** The line that begins a request is a name, a choice and a few numbers. */
const longestLineBytes = 10_000;
const lineFeed = 0x0a;

const lineSchema = z.strictObject({
  name: z.string(),
  isDuplicateAllowed: z.boolean().default(false),
  /** Of each photograph, bytes. */
  sizes: z.array(z.int().positive()).min(1).max(maximumPhotographs),
});

/**
 * An enrolment as it travels over the local API: one line of JSON, `{ name, isDuplicateAllowed, sizes }`, and after it
 * the files of the photographs, one behind the other, `sizes` bytes each. Not JSON throughout: turning megabytes into
 * text and back would hold the event loop of the core.
 */
export function encodeEnrolment({ name, isDuplicateAllowed, photographs }: EnrolmentRequest): Buffer {
  const line = { name, isDuplicateAllowed, sizes: photographs.map(({ length }) => length) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`, 'utf8'), ...photographs]);
}

/** The inverse of `encodeEnrolment`. Throws `bad-request`. */
export function decodeEnrolment(body: Buffer): EnrolmentRequest {
  const lineBytes = body.subarray(0, longestLineBytes).indexOf(lineFeed);
  if (lineBytes < 0) throw badRequest('it does not begin with a line of JSON');
  const line = lineSchema.safeParse(parseOrUndefined(body.toString('utf8', 0, lineBytes)));
  if (!line.success) throw badRequest(z.prettifyError(line.error));
  const { sizes, ...rest } = line.data;
  let offset = lineBytes + 1;
  const photographs = sizes.map((size) => {
    const photograph = body.subarray(offset, offset + size);
    offset += size;
    return photograph;
  });
  if (offset !== body.length) throw badRequest('the sizes are not those of what follows');
  return { ...rest, photographs };
}

function badRequest(reason: string) {
  return badInput('bad-request', `the enrolment request is not valid: ${reason}`, {
    remedy: `send a line of JSON with name and sizes, then 1 to ${maximumPhotographs} photographs`,
  });
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
