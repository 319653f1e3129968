import { addressOf } from '../api/call.js';
import { can } from '../api/session.js';
import { Picture } from './picture.js';

interface PersonPictureProps {
  readonly id: string;
  /** As the box lists it (`photographId`). Absent: the person has no photograph. */
  readonly photographId: string | undefined;
  /** Empty where the name stands beside it. */
  readonly alt?: string;
  readonly class?: string;
}

/** A photograph of a person, for callers who may see photographs. */
export function PersonPicture({
  id,
  photographId,
  alt = '',
  class: name = 'face-small',
}: PersonPictureProps) {
  const isShown = photographId !== undefined && can('persons:read');
  const src = isShown ? addressOf('persons.photographs.read', { id, photographId }) : undefined;
  return <Picture src={src} alt={alt} class={name} />;
}
