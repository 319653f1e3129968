/** Bytes of the length and the type of a box (ISO/IEC 14496-12, section 4.2). */
export const boxHeaderBytes = 8;

export const typeOf = (box: Buffer): string => box.toString('latin1', 4, boxHeaderBytes);

/** The boxes that lie in `bytes`, one after the other. */
function* boxesIn(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + boxHeaderBytes <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (length < boxHeaderBytes) return;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** The box at the end of a path of types, below `box`. */
export function boxBelow(box: Buffer | undefined, ...types: readonly string[]): Buffer | undefined {
  return types.reduce<Buffer | undefined>((parent, type) => {
    const children = parent === undefined ? [] : [...boxesIn(parent.subarray(boxHeaderBytes))];
    return children.find((child) => typeOf(child) === type);
  }, box);
}
