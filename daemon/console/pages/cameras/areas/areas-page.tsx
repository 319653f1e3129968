import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { CameraDetails } from '../../../../contract/cameras.js';
import { faultOf, fewestCorners } from '../../../../kernel/zones/polygon.js';
import { mostAreas } from '../../../../kernel/zones/zone.js';
import { call, isApiError } from '../../../api/call.js';
import { can } from '../../../api/session.js';
import { useFetched } from '../../../api/use-fetched.js';
import type en from '../../../messages/en/cameras.json';
import { ActionBar } from '../../../parts/actions.js';
import { Field } from '../../../parts/form-fields.js';
import { say } from '../../../parts/notes.js';
import { Empty, Loaded, PageHead, Section } from '../../../parts/page.js';
import { RestoredDraft, useDraft } from '../../../parts/use-draft.js';
import { wordsOf } from '../../../words/words.js';
import {
  type Area,
  type AreaKind,
  areaKinds,
  areasOf,
  changed,
  changesOfAreas,
  type Drawing,
  drawingOf,
  redone,
  undone,
  withoutArea,
} from './area-draft.js';
import { AreaSurface, type Outline } from './area-surface.js';
import { areaTitle } from './area-words.js';

const t = wordsOf<typeof en>('cameras');

/** Draws the privacy masks and the zones of a camera on its picture. */
export default function CameraAreas() {
  const id = useRoute().params['id'] ?? '';
  const camera = useFetched('cameras.show', { id });
  const picture = usePicture(id, camera.value);
  const back = { href: `/cameras/${encodeURIComponent(id)}`, text: camera.value?.name ?? id };
  return (
    <>
      <PageHead title={t('areas')} lead={t('areas-lead')} back={back} />
      <Loaded of={camera}>
        {(shown) => (
          <Editor
            key={shown.revision}
            camera={shown}
            picture={picture}
            onReload={camera.reload}
            onSaved={(saved) => {
              camera.put(saved);
              say(t('areas-saved', { name: saved.name }));
            }}
          />
        )}
      </Loaded>
    </>
  );
}

interface EditorProps {
  readonly camera: CameraDetails;
  /** The address of its current picture. */
  readonly picture: string | undefined;
  readonly onReload: () => Promise<void>;
  readonly onSaved: (camera: CameraDetails) => void;
}

function Editor({ camera, picture, onReload, onSaved }: EditorProps) {
  const { id, name, isOwn, revision, settings } = camera;
  const { draft, restored, clear } = useDraft(
    `cameras.areas ${id}`,
    { areas: areasOf(settings) },
    { revision },
  );
  const drawing = useSignal<Drawing>(drawingOf(draft.value.areas));
  /** What is shown while a corner is dragged. */
  const dragged = useSignal<readonly Area[] | undefined>(undefined);
  const outline = useSignal<Outline | undefined>(undefined);
  const areas = dragged.value ?? drawing.value.areas;
  const show = (next: Drawing): void => {
    drawing.value = next;
    draft.value = { areas: next.areas };
  };
  const put = (next: readonly Area[]): void => {
    dragged.value = undefined;
    show(changed(drawing.value, next));
  };
  const close = ({ kind, points }: Outline): void => {
    if (points.length < fewestCorners) return;
    outline.value = undefined;
    put([...drawing.value.areas, { kind, points, name: '' }]);
  };
  const isDrawing = outline.value !== undefined;
  const step = (take: (from: Drawing) => Drawing) => () => {
    // While an outline is drawn, its own corners are taken back.
    if (!isDrawing) show(take(drawing.value));
  };
  const changes = changesOfAreas(drawing.value.areas, settings);
  const isFaulty = drawing.value.areas.some(({ points }) => faultOf(points) !== undefined);
  const save = async (): Promise<void> => {
    const ifRevision = revision === undefined ? {} : { ifRevision: revision };
    const saved = await call('cameras.change', { id, ...changes, ...ifRevision });
    clear();
    onSaved(saved);
  };
  const { past, future } = drawing.value;
  return (
    <div class="columns">
      <Section title={t('areas-picture')}>
        <RestoredDraft
          of={
            restored && {
              ...restored,
              clear: () => {
                clear();
                drawing.value = drawingOf(areasOf(settings));
              },
            }
          }
        />
        {!isOwn && <p>{t('of-configuration')}</p>}
        {isOwn && (
          <DrawBar
            areas={areas}
            outline={outline.value}
            onOutline={(next) => {
              outline.value = next;
            }}
            onClose={close}
          />
        )}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys of the editor that are not those of one part. */}
        <div
          onKeyDown={(event) => {
            if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
            event.preventDefault();
            step(event.shiftKey ? redone : undone)();
          }}
        >
          <AreaSurface
            {...{ areas, outline: outline.value, isChangeable: isOwn }}
            onDrag={(next) => {
              dragged.value = next;
            }}
            onChange={put}
            onOutline={(next) => {
              outline.value = next;
            }}
            onClose={close}
          >
            {picture === undefined ? (
              <p class="no-picture">{t('areas-no-picture')}</p>
            ) : (
              <img src={picture} alt={t('areas-of', { name })} draggable={false} />
            )}
          </AreaSurface>
        </div>
        <p class="quiet">{t('areas-keys')}</p>
        {isFaulty && <p role="status">{t('areas-faulty')}</p>}
        {isOwn && (
          <ActionBar
            place="start"
            onAnew={onReload}
            of={[
              {
                text: t('save-changes'),
                look: 'primary',
                isReady: Object.keys(changes).length > 0 && !isFaulty && !isDrawing,
                onAct: save,
              },
              { text: t('areas-undo'), isReady: past.length > 0 && !isDrawing, onAct: step(undone) },
              { text: t('areas-redo'), isReady: future.length > 0 && !isDrawing, onAct: step(redone) },
            ]}
          />
        )}
      </Section>
      <AreaList areas={drawing.value.areas} isChangeable={isOwn} onChange={put} />
    </div>
  );
}

interface DrawBarProps {
  readonly areas: readonly Area[];
  readonly outline: Outline | undefined;
  readonly onOutline: (outline: Outline | undefined) => void;
  readonly onClose: (outline: Outline) => void;
}

/** Begins an outline, closes it, or gives it up. */
function DrawBar({ areas, outline, onOutline, onClose }: DrawBarProps) {
  const isFull = (kind: AreaKind): boolean =>
    areas.filter((area) => (area.kind === 'mask') === (kind === 'mask')).length >= mostAreas;
  if (outline === undefined) {
    return (
      <ActionBar
        isSmall
        place="start"
        of={areaKinds.map((kind) => ({
          text: t(`area-add-${kind}`),
          isReady: !isFull(kind),
          onAct: () => onOutline({ kind, points: [] }),
        }))}
      />
    );
  }
  return (
    <>
      <p role="status">
        {t('areas-drawing', { kind: areaTitle(outline.kind), count: outline.points.length })}
      </p>
      <ActionBar
        isSmall
        place="start"
        of={[
          {
            text: t('areas-close'),
            isReady: outline.points.length >= fewestCorners,
            onAct: () => onClose(outline),
          },
          { text: t('areas-give-up'), onAct: () => onOutline(undefined) },
        ]}
      />
    </>
  );
}

interface AreaListProps {
  readonly areas: readonly Area[];
  readonly isChangeable: boolean;
  readonly onChange: (areas: readonly Area[]) => void;
}

function AreaList({ areas, isChangeable, onChange }: AreaListProps) {
  return (
    <Section title={t('areas-list')}>
      {areas.length === 0 && <Empty>{t('areas-none')}</Empty>}
      <ul class="plain-list">
        {areas.map(({ kind, name, points }, index) => (
          <li key={index} class={`area ${kind}`}>
            <Field
              label={t('area-name', { kind: t(`area-${kind}`), number: index + 1 })}
              hint={t(`area-hint-${kind}`)}
              wrong={faultOf(points) && t('area-faulty')}
              maxLength={100}
              disabled={!isChangeable}
              value={name}
              onValue={(next) =>
                onChange(areas.map((area, at) => (at === index ? { ...area, name: next } : area)))
              }
            />
            {isChangeable && (
              <button
                type="button"
                class="small secondary"
                aria-label={t('area-remove', { area: areaTitle(kind, name) })}
                onClick={() => onChange(withoutArea(areas, index))}
              >
                {t('delete')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** A camera that is being opened again, as after a change, is asked again after this time. */
const pictureAgainMs = 3000;

/**
 * The address of a current picture of the camera, for callers who may see it. A change of the camera brings another one. A disabled
 * camera has none, and is not asked.
 */
function usePicture(id: string, camera: CameraDetails | undefined): string | undefined {
  const { revision, isEnabled = false } = camera ?? {};
  const address = useSignal<string | undefined>(undefined);
  const show = (picture: Blob | undefined): void => {
    if (address.value !== undefined) URL.revokeObjectURL(address.value);
    address.value = picture && URL.createObjectURL(picture);
  };
  useEffect(() => {
    if (!isEnabled || !can('live:watch')) return;
    let isOver = false;
    let again: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      try {
        const picture = await call('cameras.snapshot', { id });
        if (!isOver) show(picture);
      } catch (error) {
        if (!isApiError(error)) throw error;
        // Areas can be drawn without a picture as well.
        if (!isOver) again = setTimeout(() => void ask(), pictureAgainMs);
      }
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(again);
    };
  }, [id, revision, isEnabled]);
  useEffect(() => () => show(undefined), []);
  return address.value;
}
