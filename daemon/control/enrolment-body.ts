import { z } from 'zod';
import { badRequest, decodeFramed, encodeFramed } from './framed-body.js';
import type { EnrolmentRequest } from './person-control.js';

/** Photographs of one enrolment request; more views than this teach the recogniser nothing. */
export const maximumPhotographs = 20;
/** A profile at its longest, every character escaped, has room in this. */
const longestLineBytes = 64 * 1024;

/** The consent of a request as it travels. */
export const givenConsentSchema = z.strictObject({
  basis: z.string(),
  dateIso: z.string(),
  reference: z.string(),
});

const headSchema = z.strictObject({
  name: z.string(),
  externalId: z.string().optional(),
  notes: z.string().optional(),
  consent: givenConsentSchema.optional(),
  faceNumber: z.int().positive().optional(),
  isDuplicateAllowed: z.boolean().default(false),
  isDryRun: z.boolean().default(false),
});

/** An enrolment as it travels over the local API: a framed body of the profile and 1 to 20 files of photographs. */
export function encodeEnrolment({ photographs, ...head }: EnrolmentRequest): Buffer {
  return encodeFramed(head, photographs);
}

/** The inverse of `encodeEnrolment`. Texts are not checked yet. @throws `bad-request` */
export function decodeEnrolment(body: Buffer): EnrolmentRequest {
  const { head, files } = decodeFramed(body, longestLineBytes);
  const parsed = headSchema.safeParse(head);
  if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
  if (files.length === 0) throw badRequest('there is no photograph');
  if (files.length > maximumPhotographs) {
    throw badRequest(`there are more than ${maximumPhotographs} photographs`);
  }
  return { ...parsed.data, photographs: files };
}
