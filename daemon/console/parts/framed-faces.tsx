import { useSignal } from '@preact/signals';
import type { NumberedFace } from '../../contract/enrolment.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';

const t = wordsOf<typeof en>('parts');

interface FramedFacesProps {
  readonly src: string;
  readonly alt: string;
  readonly faces: readonly NumberedFace[];
  /** The face that counts. */
  readonly picked?: number | undefined;
  /** Present: the user can pick a face. */
  readonly onPick?: (number: number) => void;
}

/** A picture with a frame around each face, numbered from left to right where there are several. */
export function FramedFaces({ src, alt, faces, picked, onPick }: FramedFacesProps) {
  const size = useSignal<readonly [width: number, height: number] | undefined>(undefined);
  return (
    <span class="framed" dir="ltr">
      <img
        class="picture"
        src={src}
        alt={alt}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          size.value = [naturalWidth, naturalHeight];
        }}
      />
      {size.value !== undefined &&
        faces.map((face) => (
          <Frame
            key={face.number}
            face={face}
            size={size.value ?? [1, 1]}
            isPicked={picked === face.number}
            text={faces.length > 1 ? String(face.number) : ''}
            {...(onPick && { onPick: () => onPick(face.number) })}
          />
        ))}
    </span>
  );
}

interface FrameProps {
  readonly face: NumberedFace;
  readonly size: readonly [width: number, height: number];
  readonly isPicked: boolean;
  readonly text: string;
  readonly onPick?: () => void;
}

function Frame({ face: { number, box }, size: [width, height], isPicked, text, onPick }: FrameProps) {
  const share = (part: number, whole: number): string => `${(100 * part) / whole}%`;
  const style = {
    insetInlineStart: share(box.x, width),
    insetBlockStart: share(box.y, height),
    inlineSize: share(box.width, width),
    blockSize: share(box.height, height),
  };
  if (onPick === undefined) {
    return (
      <span class={`frame-of-face ${isPicked ? 'picked' : ''}`} style={style} aria-hidden="true">
        {text}
      </span>
    );
  }
  return (
    <button
      type="button"
      class={`frame-of-face ${isPicked ? 'picked' : ''}`}
      style={style}
      aria-pressed={isPicked}
      aria-label={t('face', { number })}
      onClick={onPick}
    >
      {text}
    </button>
  );
}
