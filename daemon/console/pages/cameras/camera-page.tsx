import { useSignal } from '@preact/signals';
import { useRoute } from 'preact-iso';
import type { CameraDetails } from '../../../contract/cameras.js';
import type { Direction } from '../../../kernel/events/event.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/cameras.json';
import { Icon } from '../../parts/icon.js';
import { Empty, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { saveFile } from '../../parts/save-file.js';
import { Fault } from '../../parts/shown-fault.js';
import { directionWord } from '../../parts/term-words.js';
import { decimals, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { CameraBadge, CameraTrouble, loadText, passagesText } from './camera-trouble.js';
import { FaceCard } from './live/face-card.js';
import { LiveView, useVisible } from './live/live-view.js';
import { whoWatches, whyNoFaces } from './live/live-words.js';
import { type SmoothTrouble, SmoothView } from './live/smooth-view.js';
import { useSeenFaces } from './live/use-seen-faces.js';
import type { LivePhase } from './live/watch-live.js';
import { CameraActs } from './settings/camera-acts.js';
import { Tune } from './settings/camera-tuning.js';

const t = wordsOf<typeof en>('cameras');

/** One camera: what it sees now, what the box makes of it, and its settings. */
export default function Camera() {
  const id = useRoute().params['id'] ?? '';
  const camera = useFetched('cameras.show', { id }, { everyMs: 5000 });
  return (
    <>
      <PageHead title={camera.value?.name ?? id} back={{ href: '/cameras', text: t('title') }}>
        {can('passages:read') && <a href={`/timeline?camera=${encodeURIComponent(id)}`}>{t('day')}</a>}
        {camera.value && <CameraBadge camera={camera.value} />}
      </PageHead>
      <Loaded of={camera}>
        {(shown) => (
          <>
            <CameraTrouble camera={shown} />
            {can('live:watch') && <Live camera={shown} />}
            <State camera={shown} />
            {can('cameras:write') && (
              <>
                <Tune
                  // A change by another user is shown as a conflict, so the draft outlives new answers.
                  key={shown.id}
                  camera={shown}
                  onChanged={camera.put}
                />
                <CameraActs camera={shown} onChanged={camera.put} />
              </>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

/** Of these the box can pass on what the camera sends. */
const copiedCodecs: readonly string[] = ['h264', 'hevc'];

function Live({ camera }: { readonly camera: CameraDetails }) {
  const { id, name, state } = camera;
  const isVisible = useVisible();
  const isWanted = state === 'streaming';
  const followed = useSeenFaces(id, isWanted && isVisible);
  const noFaces = whyNoFaces(followed.isCurrent, followed.faces);
  const isSmooth = useSignal(false);
  const trouble = useSignal<SmoothTrouble | undefined>(undefined);
  const phase = useSignal<LivePhase>({ kind: 'opening' });
  const isWatching = isWanted && !['opening', 'trouble'].includes(phase.value.kind);
  const [viewersKey, viewers] = whoWatches(camera.viewers ?? 0, isWatching);
  const codec = camera.stream?.codec ?? '';
  const isCopied = copiedCodecs.includes(codec);
  // The camera encodes its video without them.
  const isMasked = camera.settings.masks.length > 0;
  return (
    <div class="columns">
      <Section
        title={t('live')}
        actions={[
          {
            text: t('smooth'),
            isPressed: isSmooth.value,
            isOffered: isWanted && isCopied && !isMasked,
            onAct: () => {
              isSmooth.value = !isSmooth.value;
              trouble.value = undefined;
            },
          },
          { text: t('snapshot'), icon: 'download', isOffered: isWanted, onAct: () => saveSnapshot(id) },
        ]}
      >
        {isSmooth.value && !isMasked ? (
          <SmoothView
            {...{ cameraId: id, name, isWanted, phase }}
            onTrouble={(why) => {
              isSmooth.value = false;
              trouble.value = why;
            }}
          />
        ) : (
          <LiveView {...{ cameraId: id, name, isWanted, phase }} faces={followed.faces} />
        )}
        {isWanted && isMasked && <p class="quiet">{t('smooth-masked')}</p>}
        {isWanted && !isCopied && (
          <p class="quiet">{t('smooth-not-copied', { codec: codec.toUpperCase() })}</p>
        )}
        <p role="status">
          {trouble.value === 'unplayable' && t('smooth-unplayable', { codec: codec.toUpperCase() })}
          {trouble.value === 'no-video' && t('trouble-no-video')}
        </p>
        <p class="quiet">
          <Icon name="eye" /> {t(viewersKey, { viewers })}
        </p>
      </Section>
      <Section title={t('faces')}>
        <Fault error={followed.fault} />
        {noFaces !== undefined ? (
          <Empty>{t(noFaces)}</Empty>
        ) : (
          <ul class="plain-list">
            {followed.faces.map((face) => (
              <FaceCard key={face.track} face={face} />
            ))}
          </ul>
        )}
      </Section>
    </div>
  );
}

async function saveSnapshot(id: string): Promise<void> {
  const picture = await call('cameras.snapshot', { id });
  saveFile(picture, `${id}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.jpg`);
}

function State({ camera }: { readonly camera: CameraDetails }) {
  const { stream, counters, settings, direction } = camera;
  const count = (name: string): string | undefined => {
    const value = counters[name];
    return value === undefined ? undefined : number(value);
  };
  return (
    <Section title={t('state')}>
      <Facts
        of={[
          [t('passages-of-day'), passagesText(camera)],
          [t('meaning'), directionWord(direction as Direction)],
          [t('stream'), stream && streamText(stream)],
          [t('load'), camera.load && loadText(camera.load)],
          [t('delivered'), count('delivered')],
          [t('analysed'), count('analysed')],
          [t('dropped'), count('dropped')],
          [t('url'), settings.url],
          [t('id'), camera.id],
        ]}
      />
    </Section>
  );
}

const streamText = ({
  codec,
  widthPx,
  heightPx,
  fps,
  decoder = 'software',
}: NonNullable<CameraDetails['stream']>): string =>
  [
    codec.toUpperCase(),
    t('picture-size', { width: widthPx, height: heightPx }),
    fps !== null && t('per-second', { fps: decimals(fps, 1) }),
    decoder !== 'software' && t('decoded-by', { decoder: decoder.toUpperCase() }),
  ]
    .filter(Boolean)
    .join(', ');
