import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { EnrolmentRefusal, PhotographResult } from '../../../contract/enrolment.js';
import type { DetectedFace } from '../../../contract/recognition.js';
import { type ApiError, call, isApiError } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/person-form.json';
import { FramedFaces } from '../../parts/framed-faces.js';
import { Badge } from '../../parts/page.js';
import { Fault, Told } from '../../parts/shown-fault.js';
import { qualityWord } from '../../parts/term-words.js';
import { percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('person-form');

export type PhotographResults = ReadonlyMap<number, PhotographResult>;

/** The answer of the box, for the photographs that were sent. */
export function resultsOf(
  refusal: EnrolmentRefusal | undefined,
  sent: readonly ChosenPhotograph[],
): PhotographResults | undefined {
  if (refusal?.outcome !== 'refused') return undefined;
  return new Map(
    sent.flatMap(({ key }, index) => {
      const result = refusal.photographs[index];
      return result === undefined ? [] : [[key, result] as const];
    }),
  );
}

interface PhotographPickerProps {
  readonly choice: PhotographChoice;
  readonly isSingle?: boolean;
  /** What the box answered of each photograph, by its key. */
  readonly results?: PhotographResults | undefined;
}

/** Photographs by dragging or choosing files, with what the box says of each. */
export function PhotographPicker({ choice, isSingle = false, results }: PhotographPickerProps) {
  const isOver = useSignal(false);
  const setOver = (over: boolean) => (event: Event) => {
    event.preventDefault();
    isOver.value = over;
  };
  return (
    <>
      <label
        class={`drop ${isOver.value ? 'over' : ''}`}
        onDragOver={setOver(true)}
        onDragLeave={setOver(false)}
        onDrop={(event) => {
          setOver(false)(event);
          choice.add([...(event.dataTransfer?.files ?? [])]);
        }}
      >
        <span>{isSingle ? t('choose-one') : t('choose')}</span>
        <small>{t('choose-hint')}</small>
        <input
          type="file"
          accept="image/jpeg,image/png,image/webp,image/tiff,image/gif,image/avif,image/heic,image/heif,.heic,.heif"
          multiple={!isSingle}
          onChange={({ currentTarget }) => {
            choice.add([...(currentTarget.files ?? [])]);
            currentTarget.value = '';
          }}
        />
      </label>
      <div role="status">
        <ul class="shots">
          {choice.chosen.map((photograph) => (
            <li key={photograph.key}>
              <Shot photograph={photograph} choice={choice} result={results?.get(photograph.key)} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

interface ShotProps {
  readonly photograph: ChosenPhotograph;
  readonly choice: PhotographChoice;
  readonly result: PhotographResult | undefined;
}

function Shot({ photograph: { key, file, url, look }, choice, result }: ShotProps) {
  const found = look?.kind === 'faces' ? look.faces : [];
  const listed = result?.outcome === 'refused' ? (result.faces ?? found) : found;
  const canPick = choice.chosen.length === 1 && listed.length > 1;
  return (
    <>
      <FramedFaces
        src={url}
        alt={file.name}
        faces={listed}
        picked={choice.faceNumber}
        {...(canPick && { onPick: choice.pickFace })}
      />
      <div>
        {result === undefined ? (
          <Seen look={look} isLooking={choice.isLooking} />
        ) : (
          <Judged result={result} />
        )}
        {canPick && <p>{t('pick-face')}</p>}
        <button type="button" class="small secondary" onClick={() => choice.remove(key)}>
          {t('leave-out')}
          <span class="unseen"> {file.name}</span>
        </button>
      </div>
    </>
  );
}

/** What the box sees before anything is stored. */
function Seen({ look, isLooking }: { readonly look: Look | undefined; readonly isLooking: boolean }) {
  if (look === undefined) return isLooking ? <p>{t('looking')}</p> : null;
  if (look.kind === 'failed') return <Fault error={look.error} />;
  const [face, ...others] = look.faces;
  if (face === undefined) return <Badge tone="bad">{t('no-face')}</Badge>;
  if (others.length > 0) return <Badge tone="warn">{t('several-faces', { count: look.faceCount })}</Badge>;
  const quality = percent(face.qualityScore);
  const { qualityReasons: faults, qualityWarnings: warnings = [] } = face;
  const reasons = (faults.length > 0 ? faults : warnings).map(qualityWord).join(', ');
  if (faults.length > 0) return <Badge tone="warn">{t('unusable', { reasons })}</Badge>;
  if (warnings.length > 0) return <Badge tone="warn">{t('usable-but', { quality, reasons })}</Badge>;
  return <Badge tone="ok">{t('usable', { quality })}</Badge>;
}

/** What the box decided of a photograph. */
function Judged({ result }: { readonly result: PhotographResult }) {
  if (result.outcome === 'enrolled') {
    return <Badge tone="ok">{t('accepted', { quality: percent(result.qualityScore) })}</Badge>;
  }
  return (
    <>
      <Badge tone="bad">{t('refused-one')}</Badge>
      <Told {...result} />
    </>
  );
}

/** What the box sees in a photograph, before anything is stored. */
type Look =
  | { readonly kind: 'faces'; readonly faceCount: number; readonly faces: readonly DetectedFace[] }
  | { readonly kind: 'failed'; readonly error: ApiError };

/** A photograph that the user has chosen. */
interface ChosenPhotograph {
  readonly key: number;
  readonly file: File;
  /** Address of the picture within this page. */
  readonly url: string;
  /** Absent until the box has looked, and for callers who may not ask it to. */
  readonly look?: Look;
}

export interface PhotographChoice {
  readonly chosen: readonly ChosenPhotograph[];
  /** Which face counts, where a single photograph shows several. */
  readonly faceNumber: number | undefined;
  readonly isLooking: boolean;
  readonly add: (files: readonly File[]) => void;
  readonly remove: (key: number) => void;
  readonly pickFace: (number: number) => void;
  readonly clear: () => void;
}

interface ChoiceOptions {
  /** Files that were chosen before, on an earlier visit of the page. */
  readonly begun?: readonly File[];
  /** Called with all that are chosen now. */
  readonly onFiles?: (files: readonly File[]) => void;
}

/** Photographs that the user chooses; the box looks at each, one after the other. */
export function usePhotographChoice(
  maximum: number,
  { begun = [], onFiles }: ChoiceOptions = {},
): PhotographChoice {
  const chosen = useSignal<readonly ChosenPhotograph[]>([]);
  const faceNumber = useSignal<number | undefined>(undefined);
  const isLooking = useSignal(false);
  const next = useRef(1);
  useEffect(() => {
    if (begun.length > 0) add(begun);
    return () => forget(chosen.value);
  }, []);
  const lookAtAll = async (): Promise<void> => {
    if (isLooking.value || !can('recognition:use')) return;
    isLooking.value = true;
    for (;;) {
      const waiting = chosen.value.find(({ look }) => look === undefined);
      if (waiting === undefined) break;
      const look = await lookAt(waiting.file);
      chosen.value = chosen.value.map((each) => (each.key === waiting.key ? { ...each, look } : each));
    }
    isLooking.value = false;
  };
  const keep = (kept: readonly ChosenPhotograph[]): void => {
    forget(chosen.value.filter((each) => !kept.includes(each)));
    chosen.value = kept;
    faceNumber.value = undefined;
    onFiles?.(kept.map(({ file }) => file));
  };
  const add = (files: readonly File[]): void => {
    const room = maximum === 1 ? 1 : maximum - chosen.value.length;
    const added = files.slice(0, room).map((file) => {
      next.current += 1;
      return { key: next.current, file, url: URL.createObjectURL(file) };
    });
    keep(maximum === 1 && added.length > 0 ? added : [...chosen.value, ...added]);
    void lookAtAll();
  };
  return {
    ...{ chosen: chosen.value, faceNumber: faceNumber.value, isLooking: isLooking.value },
    add,
    remove: (key) => keep(chosen.value.filter((each) => each.key !== key)),
    pickFace: (number) => {
      faceNumber.value = number;
    },
    clear: () => keep([]),
  };
}

function forget(photographs: readonly ChosenPhotograph[]): void {
  for (const { url } of photographs) URL.revokeObjectURL(url);
}

async function lookAt(file: File): Promise<Look> {
  try {
    const { faceCount, faces } = await call('recognition.detect', { picture: [file] });
    return { kind: 'faces', faceCount, faces };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return { kind: 'failed', error };
  }
}
