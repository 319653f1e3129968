import { paintFace } from './painted-faces.js';

/** The same enrolment in every process of a test. */
export const keyedEnrolment = {
  name: 'ada',
  isDryRun: false,
  isDuplicateAllowed: true,
  idempotencyKey: 'a1b2c3d4e5',
  photographs: [paintFace('ada', 1), paintFace('ada', 2)],
};
