import type { ScreenPrompt } from './follow-prompts.js';

export type Action = NonNullable<ScreenPrompt['action']>;

/** Where an arrow points. Left and right are those of the person, who sees the screen like a mirror. */
const arrows: Readonly<Record<Action, string | undefined>> = {
  'turn-left': 'M58 100H18m14-14-14 14 14 14',
  'turn-right': 'M142 100h40m-14-14 14 14-14 14',
  'look-up': 'M100 34V6m-12 12 12-12 12 12',
  nod: 'M170 82v36m-12-12 12 12 12-12',
  'blink-twice': undefined,
};

/** A face that does the action. The words beside it say the same. */
export function PromptDrawing({ action }: { readonly action: Action }) {
  const arrow = arrows[action];
  return (
    <svg class={`kiosk-face ${action}`} viewBox="0 0 200 200" aria-hidden="true" focusable="false">
      <g class="head">
        <ellipse cx="100" cy="104" rx="52" ry="66" />
        <g class="features">
          <g class="eyes">
            <ellipse cx="80" cy="92" rx="8" ry="9" />
            <ellipse cx="120" cy="92" rx="8" ry="9" />
          </g>
          <path d="M100 98v20l-6 4" />
          <path d="M82 140q18 12 36 0" />
        </g>
      </g>
      {arrow !== undefined && <path class="arrow" d={arrow} />}
    </svg>
  );
}

/** How much of the time to begin is left. */
export function Countdown({ forMs }: { readonly forMs: number }) {
  return (
    <svg class="kiosk-countdown" viewBox="0 0 40 40" aria-hidden="true" focusable="false">
      <circle cx="20" cy="20" r="17" />
      <circle
        class="left"
        cx="20"
        cy="20"
        r="17"
        pathLength={1}
        style={{ animationDuration: `${forMs}ms` }}
      />
    </svg>
  );
}
