import { addressOf } from '../../api/call.js';
import { can } from '../../api/session.js';
import { Picture } from '../../parts/picture.js';

/** The picture of a passage of a stranger, for callers who may see pictures. */
export function PassageShot({
  passage,
  alt = '',
  class: name = '',
}: {
  /** Absent: the box keeps no picture. */
  readonly passage: string | undefined;
  readonly alt?: string;
  readonly class?: string;
}) {
  const src =
    passage !== undefined && can('passages:pictures')
      ? addressOf('passages.picture', { passage })
      : undefined;
  return <Picture src={src} alt={alt} class={name} absent="stranger" />;
}

/** Enough of the id of a stranger to tell them apart: they have no names. */
export const shortId = (id: string): string => id.slice(0, 6);
