import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PassageDetails } from '../../../contract/passages.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/passages.json';
import { ActionBar } from '../../parts/actions.js';
import { useKeys } from '../../parts/keys.js';
import { Section } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { Picture } from '../../parts/shown-picture.js';
import { bytes, clockSeconds, decimals } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { type ClipFrame, framesOf } from './clip-frames.js';

const t = wordsOf<typeof en>('passages');

type Clip = NonNullable<PassageDetails['clip']>;

/** The clip of a passage, or why it has none. The box notes who opens it, so the page waits until the user does. */
export function PassageClip({ passage: { id, clip } }: { readonly passage: PassageDetails }) {
  if (clip === undefined) return null;
  return (
    <Section title={t('clip')}>
      <ClipState clip={clip} />
      {clip.state === 'kept' && can('passages:pictures') && <OpenedClip key={id} id={id} />}
    </Section>
  );
}

function ClipState({
  clip: { state, message, remedy, from, until, frames, bytes: size, isShort },
}: {
  readonly clip: Clip;
}) {
  if (state === 'pending') return <p class="quiet">{t('clip-pending')}</p>;
  if (state !== 'kept')
    return (
      <>
        <p>{t('clip-missing', { reason: message ?? state })}</p>
        {remedy !== undefined && <Remedy>{sentence(remedy)}</Remedy>}
      </>
    );
  const times = { from: clockSeconds(from), until: clockSeconds(until) };
  return (
    <>
      <p class="quiet">{t('clip-text', { ...times, frames, size: bytes(size) })}</p>
      {isShort && <p class="quiet">{t('clip-short')}</p>}
      {!can('passages:pictures') && <p class="quiet">{t('picture-not-allowed')}</p>}
    </>
  );
}

function OpenedClip({ id }: { readonly id: string }) {
  const archive = useSignal<Blob | undefined>(undefined);
  const frames = useSignal<readonly ClipFrame[]>([]);
  const open = async (): Promise<void> => {
    const file = await call('passages.clip', { passage: id });
    frames.value = framesOf(new Uint8Array(await file.arrayBuffer()));
    archive.value = file;
  };
  const saved = archive.value;
  return (
    <>
      {frames.value.length > 0 && <Player frames={frames.value} />}
      <ActionBar
        place="start"
        of={[
          { text: t('clip-open'), icon: 'eye', isOffered: saved === undefined, onAct: open },
          {
            text: t('clip-save'),
            icon: 'download',
            isOffered: saved !== undefined,
            onAct: () => saved && saveFile(saved, `clip-${id}.zip`),
          },
        ]}
      />
      {saved !== undefined && <p class="quiet">{t('clip-signed')}</p>}
    </>
  );
}

/** A gap in which the camera was analysed less often is shown, but not waited for, milliseconds. */
const longestStepMs = 1000;

function Player({ frames }: { readonly frames: readonly ClipFrame[] }) {
  const place = useSignal(0);
  const isPlaying = useSignal(true);
  const last = frames.length - 1;
  const frame = frames[Math.min(place.value, last)];
  const src = useAddress(frame?.jpeg);
  useEffect(() => {
    const [now, next] = [frames[place.value], frames[place.value + 1]];
    if (!isPlaying.value || now === undefined) return;
    if (next === undefined) {
      isPlaying.value = false;
      return;
    }
    const timer = setTimeout(
      () => {
        place.value += 1;
      },
      Math.min(longestStepMs, next.atMs - now.atMs),
    );
    return () => clearTimeout(timer);
  }, [frames, place.value, isPlaying.value]);
  const goTo = (index: number): void => {
    isPlaying.value = false;
    place.value = Math.min(last, Math.max(0, index));
  };
  const play = (): void => {
    if (!isPlaying.value && place.value === last) place.value = 0;
    isPlaying.value = !isPlaying.value;
  };
  useKeys(t('clip'), [
    { key: 'p', text: t('clip-key-play'), onPress: play },
    { key: ',', text: t('clip-before'), onPress: () => goTo(place.value - 1) },
    { key: '.', text: t('clip-after'), onPress: () => goTo(place.value + 1) },
  ]);
  const [startMs, atMs] = [frames[0]?.atMs ?? 0, frame?.atMs ?? 0];
  const clock = `${clockSeconds(new Date(atMs))}, +${decimals((atMs - startMs) / 1000, 1, 1)} s`;
  return (
    <div class="clip">
      <Picture src={src} alt={t('clip-frame', { time: clock })} absent="passage" class="clip-frame" isEager />
      <input
        type="range"
        min={0}
        max={last}
        value={place.value}
        aria-label={t('clip-place')}
        aria-valuetext={clock}
        onInput={(event) => goTo(Number(event.currentTarget.value))}
      />
      <ActionBar
        place="start"
        isSmall
        of={[
          {
            text: t('clip-before'),
            icon: 'back',
            isReady: place.value > 0,
            onAct: () => goTo(place.value - 1),
          },
          { text: isPlaying.value ? t('clip-pause') : t('clip-play'), onAct: play },
          {
            text: t('clip-after'),
            icon: 'forward',
            isReady: place.value < last,
            onAct: () => goTo(place.value + 1),
          },
        ]}
        after={<span class="quiet figure">{clock}</span>}
      />
    </div>
  );
}

/** The address of a picture in the memory of the page. */
function useAddress(jpeg: Blob | undefined): string | undefined {
  const address = useSignal<string | undefined>(undefined);
  useEffect(() => {
    if (jpeg === undefined) return;
    const url = URL.createObjectURL(jpeg);
    address.value = url;
    // The next picture is shown before this one goes.
    return () => void setTimeout(() => URL.revokeObjectURL(url), longestStepMs);
  }, [jpeg]);
  return address.value;
}
