/** True if the sender names this media type among those that it understands. Parameters do not matter. */
export function acceptsMediaType(
  mediaType: string,
  { accept = '' }: { readonly accept?: string | undefined },
): boolean {
  const nameOf = (text: string): string => (text.split(';')[0] ?? '').trim().toLowerCase();
  return accept.split(',').some((each) => nameOf(each) === nameOf(mediaType));
}
