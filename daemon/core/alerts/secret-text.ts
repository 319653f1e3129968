/** A secret without the line end that editors add to a file: both sides use it without. */
export function withoutLineEnd(secret: Uint8Array): Uint8Array {
  const [beforeLast, last] = secret.subarray(-2);
  if (secret.at(-1) !== 0x0a) return secret;
  return secret.subarray(0, -(beforeLast === 0x0d && last === 0x0a ? 2 : 1));
}

/** Visible ASCII and spaces: what every header takes. */
export const isHeaderText = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
