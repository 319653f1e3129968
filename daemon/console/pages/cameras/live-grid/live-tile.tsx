import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CameraStatus } from '../../../../contract/cameras.js';
import type en from '../../../messages/en/cameras.json';
import { useActions } from '../../../parts/actions.js';
import { wordsOf } from '../../../words/words.js';
import { CameraBadge, CameraTrouble } from '../camera-trouble.js';
import { LiveView, useVisible } from '../live/live-view.js';
import { useSeenFaces } from '../live/use-seen-faces.js';
import type { LivePhase } from '../live/watch-live.js';

const t = wordsOf<typeof en>('cameras');

/** The box lets an account follow so many cameras; at the others, boxes have no colour of a decision. */
const mostFollowed = 8;
/** A camera that is out of sight goes on for so long: the box limits how often streams begin. */
const lingerMs = 10_000;

interface LiveTileProps {
  readonly camera: CameraStatus;
  /** Its key, from 1. */
  readonly number: number;
  readonly isHidden: boolean;
  readonly isLarge: boolean;
  readonly onLarge: (isLarge: boolean) => void;
}

/** A camera of the grid: its state and what it sees, as the page of the camera shows it. */
export function LiveTile({ camera, number, isHidden, isLarge, onLarge }: LiveTileProps) {
  const { id, name, state } = camera;
  const tile = useRef<HTMLLIElement>(null);
  const isInSight = useLingering(useInSight(tile));
  const isVisible = useVisible();
  const isWanted = state === 'streaming';
  const mayFollow = number <= mostFollowed;
  const { faces } = useSeenFaces(id, isWanted && isVisible && isInSight && mayFollow);
  const phase = useSignal<LivePhase>({ kind: 'opening' });
  const { buttons, below } = useActions(
    [
      {
        text: isLarge ? t('smaller') : t('larger'),
        label: t(isLarge ? 'smaller-of' : 'larger-of', { name }),
        onAct: () => onLarge(!isLarge),
      },
      {
        text: t('full-screen'),
        label: t('full-screen-of', { name }),
        onAct: () => tile.current?.requestFullscreen(),
      },
    ],
    true,
  );
  return (
    <li ref={tile} class="card live-tile" hidden={isHidden}>
      <header class="card-head">
        <h2>
          <kbd aria-hidden="true">{number}</kbd> <a href={`/cameras/${encodeURIComponent(id)}`}>{name}</a>
        </h2>
        <CameraBadge camera={camera} />
      </header>
      <LiveView cameraId={id} {...{ name, phase, faces }} isWanted={isWanted && isInSight} />
      <CameraTrouble camera={camera} />
      <div class="acts">{buttons}</div>
      {below}
    </li>
  );
}

/** Whether a part of the page is in the window. */
function useInSight(host: RefObject<HTMLElement | null>): boolean {
  const isInSight = useSignal(false);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new IntersectionObserver(([entry]) => {
      isInSight.value = entry?.isIntersecting === true;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return isInSight.value;
}

/** True at once, false only after a while. */
function useLingering(isOn: boolean): boolean {
  const lingers = useSignal(isOn);
  useEffect(() => {
    if (isOn) {
      lingers.value = true;
      return;
    }
    const timer = setTimeout(() => {
      lingers.value = false;
    }, lingerMs);
    return () => clearTimeout(timer);
  }, [isOn]);
  return lingers.value;
}
