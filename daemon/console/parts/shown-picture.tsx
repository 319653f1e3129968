import { useSignal } from '@preact/signals';
import { addressOf } from '../api/call.js';
import { can } from '../api/session.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Icon, type IconName } from './icon.js';

const t = wordsOf<typeof en>('parts');

interface PictureProps {
  /** An address of the box, or of a blob. Absent: there is no picture. */
  readonly src: string | undefined;
  /** What it shows; empty where a text beside it says the same. */
  readonly alt: string;
  readonly class?: string;
  /** What stands in its place. */
  readonly absent?: IconName;
  /** Loads at once, also out of view. */
  readonly isEager?: boolean;
}

/** A picture of a person or a camera, or a sign that there is none. Loads when it comes near the view, unless it is eager. */
export function Picture({ src, alt, class: name = '', absent = 'person', isEager = false }: PictureProps) {
  const missing = useSignal<string | undefined>(undefined);
  if (src === undefined || missing.value === src) {
    return (
      <span
        class={`picture none ${name}`}
        role="img"
        aria-label={alt === '' ? t('no-picture') : `${alt}: ${t('no-picture')}`}
      >
        <Icon name={absent} />
      </span>
    );
  }
  return (
    <img
      class={`picture ${name}`}
      src={src}
      alt={alt}
      loading={isEager ? 'eager' : 'lazy'}
      decoding="async"
      onError={() => {
        missing.value = src;
      }}
    />
  );
}

interface PersonPictureProps {
  readonly id: string;
  /** As the box lists it (`photographId`). Absent: the person has no photograph. */
  readonly photographId: string | undefined;
  /** Empty where the name stands beside it. */
  readonly alt?: string;
  readonly class?: string;
  readonly isEager?: boolean;
}

/** A photograph of a person, for callers who may see photographs. */
export function PersonPicture({
  id,
  photographId,
  alt = '',
  class: name = 'face-small',
  isEager = false,
}: PersonPictureProps) {
  const isShown = photographId !== undefined && can('persons:read');
  const src = isShown ? addressOf('persons.photographs.read', { id, photographId }) : undefined;
  return <Picture src={src} alt={alt} class={name} isEager={isEager} />;
}
