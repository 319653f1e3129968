/** The code of a language, with its script or region where that matters (BCP 47): `de`, `pt-BR`, `zh-Hant`. */
export const languageTagForm = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/;

/** A code and those of which it is a variant, the nearest first (RFC 4647, lookup): `zh-Hant-TW`, `zh-Hant`, `zh`. */
export function broaderTags(tag: string): readonly string[] {
  const parts = tag.split('-');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
}
