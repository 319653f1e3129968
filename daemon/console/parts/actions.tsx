import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useAct } from '../api/use-fetched.js';
import { Confirm } from './dialog.js';
import { Icon, type IconName } from './icon.js';
import { Fault } from './shown-fault.js';

/** Something that the user can do, as a button. */
export interface Action {
  readonly text: ComponentChildren;
  /** Says to what it is done, where the text does not. */
  readonly label?: string;
  readonly icon?: IconName;
  /** Absent: one of several, none of which stands out. */
  readonly look?: 'primary' | 'secondary' | 'danger' | 'plain';
  /** False: there is no button. */
  readonly isOffered?: boolean;
  /** False: the button cannot be chosen now. */
  readonly isReady?: boolean;
  /** Whether it is on, of an action that is switched on and off. */
  readonly isPressed?: boolean;
  /** Asks before: says what happens, and what is lost. */
  readonly ask?: {
    readonly title: string;
    readonly text: ComponentChildren;
    /** What the button of the question says, where it is not the text of the action. */
    readonly act?: string;
    readonly isDestructive?: boolean;
  };
  /** While it runs, the button is busy. Where it fails, the reason is shown beside it, or in the question. */
  readonly onAct: () => unknown;
  /** Called when it has succeeded. */
  readonly onDone?: () => unknown;
}

interface Shown {
  readonly buttons: ComponentChildren;
  /** Why the last one failed, and the question of the one that is asked about. */
  readonly below: ComponentChildren;
}

/** The buttons of these actions, and what belongs below them. One runs at a time. */
export function useActions(actions: readonly Action[], isSmall = false, onAnew?: () => unknown): Shown {
  const doing = useAct();
  /** The place of the action that runs or is asked about. */
  const chosen = useSignal<number | undefined>(undefined);
  const isAsked = useSignal(false);
  const run = async ({ onAct, onDone }: Action): Promise<void> => {
    if (await doing.run(async () => await onAct())) await onDone?.();
  };
  const asked = isAsked.value ? actions[chosen.value ?? -1] : undefined;
  return {
    buttons: actions.map(
      (action, index) =>
        action.isOffered !== false && (
          <button
            key={index}
            type="button"
            class={[isSmall && 'small', action.look !== 'primary' && (action.look ?? 'secondary')]
              .filter(Boolean)
              .join(' ')}
            disabled={action.isReady === false}
            aria-label={action.label}
            aria-pressed={action.isPressed}
            {...(doing.isRunning && chosen.value === index && { 'aria-busy': true })}
            onClick={() => {
              chosen.value = index;
              if (action.ask === undefined) void run(action);
              else isAsked.value = true;
            }}
          >
            {action.icon && (
              <>
                <Icon name={action.icon} />{' '}
              </>
            )}
            {action.text}
          </button>
        ),
    ),
    below: (
      <>
        <Fault
          error={doing.fault}
          {...(onAnew && doing.fault?.code === 'changed-meanwhile' && { onRetry: () => void onAnew() })}
        />
        {asked?.ask && (
          <Confirm
            title={asked.ask.title}
            act={asked.ask.act ?? String(asked.text)}
            isDestructive={asked.ask.isDestructive ?? false}
            onAct={async () => await asked.onAct()}
            onClose={(isDone) => {
              isAsked.value = false;
              if (isDone) void asked.onDone?.();
            }}
          >
            <p>{asked.ask.text}</p>
          </Confirm>
        )}
      </>
    ),
  };
}

interface ActionBarProps {
  readonly of: readonly Action[];
  /** What the bar is for, where it is one of several. */
  readonly label?: string;
  readonly isSmall?: boolean;
  /** Where the buttons stand; absent: at the end of the line. */
  readonly place?: 'start' | 'stack' | 'savebar' | 'sources';
  /** Called to load anew what another user has changed meanwhile (`changed-meanwhile`). */
  readonly onAnew?: () => unknown;
  /** What stands before and after the buttons, such as links. */
  readonly before?: ComponentChildren;
  readonly after?: ComponentChildren;
}

/** The buttons of what the user can do here, with the reason of a failure below them. */
export function ActionBar({ of, label, isSmall, place, onAnew, before, after }: ActionBarProps) {
  const { buttons, below } = useActions(of, isSmall, onAnew);
  const name = place === 'stack' || place === 'sources' ? place : ['acts', place].filter(Boolean).join(' ');
  return (
    <>
      <div class={name} {...(label !== undefined && { role: 'toolbar', 'aria-label': label })}>
        {before}
        {buttons}
        {after}
      </div>
      {below}
    </>
  );
}
