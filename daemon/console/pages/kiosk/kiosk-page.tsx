import { useActions } from '../../parts/actions.js';
import { Languages } from '../../parts/languages.js';
import './kiosk.css';
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { call } from '../../api/call.js';
import { can, me } from '../../api/session.js';
import type en from '../../messages/en/kiosk.json';
import { Icon } from '../../parts/icon.js';
import { Fault } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';
import { type Followed, type ScreenPrompt, useScreen } from './follow-prompts.js';

const t = wordsOf<typeof en>('kiosk');

/** A secret in the address belongs to no history and no picture of the screen: it is read once and removed. */
function secretOfAddress(): string | undefined {
  const secret = location.hash.slice(1);
  if (secret === '') return undefined;
  history.replaceState(null, '', location.pathname);
  return secret;
}

/** The screen at a camera: what the person in front of it has to do. */
export default function Kiosk() {
  const secret = useSignal<string | undefined>(undefined);
  useEffect(() => {
    document.title = t('title');
    secret.value = secretOfAddress();
  }, []);
  const screen = me.value?.actor.startsWith('screen:') === true && can('prompts:show') ? me.value : undefined;
  const camera = screen?.cameras?.[0];
  return (
    <main class="kiosk">
      {secret.value !== undefined ? (
        <Pairing secret={secret.value} onPaired={() => (secret.value = undefined)} />
      ) : camera === undefined ? (
        <Note title={t('not-paired')}>{t('not-paired-lead')}</Note>
      ) : (
        <ScreenOf camera={camera} />
      )}
      <footer>
        <Languages />
      </footer>
    </main>
  );
}

function Pairing({ secret, onPaired }: { readonly secret: string; readonly onPaired: () => void }) {
  const pair = async (): Promise<void> => {
    await call('screens.pair', { secret });
    me.value = await call('auth.me');
    onPaired();
  };
  const { buttons, below } = useActions([{ text: t('pair-act'), look: 'primary', onAct: pair }]);
  return (
    <Note title={t('pair')}>
      {t('pair-lead')}
      {buttons}
      {below}
    </Note>
  );
}

function ScreenOf({ camera }: { readonly camera: string }) {
  const followed = useScreen(camera);
  useWakeLock();
  return (
    <>
      <header>
        <span>{followed.state?.name ?? camera}</span>
        {!document.fullscreenElement && (
          <button
            type="button"
            class="plain"
            onClick={() => void document.documentElement.requestFullscreen()}
          >
            {t('full-screen')}
          </button>
        )}
      </header>
      {/* Read out at once: the person has seconds. */}
      <div role="status" aria-live="assertive" class="kiosk-stage">
        <Stage {...followed} />
      </div>
      <Fault error={followed.fault} />
    </>
  );
}

function Stage({ state, prompt, isLinked }: Followed) {
  if (!isLinked || state === undefined) return <Note title={t('unlinked')}>{t('unlinked-lead')}</Note>;
  if (prompt?.state === 'asked') return <Asked key={`${prompt.nonce} ${prompt.position}`} {...prompt} />;
  if (prompt !== undefined && isWorthSaying(prompt)) return <Ended {...prompt} />;
  if (!state.isStreaming) return <Note title={t('no-camera')}>{t('no-camera-lead')}</Note>;
  return <Note title={t('ready')}>{t(state.isAsking ? 'ready-lead' : 'asks-nothing-lead')}</Note>;
}

/** A person who left, or who could not see the prompt, needs no word about it. */
const isWorthSaying = ({ state, reason }: ScreenPrompt): boolean =>
  state !== 'cancelled' || reason === 'blinked-twice' || reason === 'face-changed';

function Asked({ action, answerMs, position, of }: ScreenPrompt) {
  if (action === undefined) return null;
  return (
    <>
      <PromptDrawing action={action} />
      <h1>{t(`action-${action}`)}</h1>
      <p>{t('step', { position, of })}</p>
      {answerMs !== undefined && <Countdown forMs={answerMs} />}
    </>
  );
}

function Ended({ state, reason }: ScreenPrompt) {
  if (state === 'passed') {
    return (
      <div class="kiosk-end ok">
        <Icon name="check" />
        <h1>{t('passed')}</h1>
        <p>{t('passed-lead')}</p>
      </div>
    );
  }
  return (
    <div class="kiosk-end">
      <Icon name="reload" />
      <h1>{t('again')}</h1>
      {reason !== undefined && reason !== 'left' && reason !== 'not-shown' && <p>{t(`reason-${reason}`)}</p>}
    </div>
  );
}

function Note({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="kiosk-note">
      <h1>{title}</h1>
      <div>{children}</div>
    </div>
  );
}

/** Keeps the screen on where the browser allows it. The browser ends that when the page is hidden. */
function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let isOver = false;
    const hold = async (): Promise<void> => {
      if (document.hidden || !('wakeLock' in navigator)) return;
      try {
        lock = await navigator.wakeLock.request('screen');
        if (isOver) await lock.release();
      } catch {
        // A browser with an empty battery refuses. The page works without it.
        lock = undefined;
      }
    };
    const onVisible = (): void => void hold();
    void hold();
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', onVisible);
      void lock?.release();
    };
  }, []);
}

type Action = NonNullable<ScreenPrompt['action']>;

/** Where an arrow points. Left and right are those of the person, who sees the screen like a mirror. */
const arrows: Readonly<Record<Action, string | undefined>> = {
  'turn-left': 'M58 100H18m14-14-14 14 14 14',
  'turn-right': 'M142 100h40m-14-14 14 14-14 14',
  'look-up': 'M100 34V6m-12 12 12-12 12 12',
  nod: 'M170 82v36m-12-12 12 12 12-12',
  'blink-twice': undefined,
};

/** A face that does the action. The words beside it say the same. */
function PromptDrawing({ action }: { readonly action: Action }) {
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
function Countdown({ forMs }: { readonly forMs: number }) {
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
