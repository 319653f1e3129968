import type { PassageOutcome } from '../../../kernel/passage-outcome.js';

/** Each outcome has a shape of its own, so that no colour alone tells. Around the middle of a square of 16 pixels. */
const shapes: Readonly<Record<PassageOutcome, string>> = {
  attended: 'M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z',
  unproven: 'M0-7 7 6H-7Z',
  refused: 'M-6-6H6V6H-6Z',
  ambiguous: 'M0-8 8 0 0 8-8 0Z',
  stranger: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z',
  attack: 'M-5.5-5.5 5.5 5.5M5.5-5.5-5.5 5.5',
  undecided: 'M-6 0H6',
};

/** The shape of an outcome, within a drawing. */
export function OutcomeShape({ outcome }: { readonly outcome: PassageOutcome }) {
  return <path class={`mark-shape ${outcome}`} d={shapes[outcome]} />;
}

/** The shape of an outcome beside its word. */
export function OutcomeSign({ outcome }: { readonly outcome: PassageOutcome }) {
  return (
    <svg class="mark-sign" viewBox="-9 -9 18 18" aria-hidden="true" focusable="false">
      <OutcomeShape outcome={outcome} />
    </svg>
  );
}
