/**
 * What the box decided about the face of a passage.
 * - `attended`: an enrolled person, with what the camera requires as proof of life.
 * - `unproven`: an enrolled person without that proof.
 * - `refused`: an enrolled person who is not valid at that time, or barred.
 * - `ambiguous`: one of two enrolled persons.
 * - `stranger`: no enrolled person.
 * - `attack`: a presentation attack.
 * - `undecided`: the face was not seen well enough to say who it is.
 */
export const passageOutcomes = [
  'attended',
  'unproven',
  'refused',
  'ambiguous',
  'stranger',
  'attack',
  'undecided',
] as const;
export type PassageOutcome = (typeof passageOutcomes)[number];
