/**
 * A file that stands for a photograph of a face where no network looks at it: JPEG by its first bytes, and inside, the
 * name of the face and the number of the view; `faceCount`: with so many other faces that there are as many in all.
 */
export function paintFace(face: string, view = 1, faceCount = 1): Buffer {
  const among = faceCount === 1 ? '' : ` of ${faceCount}`;
  return Buffer.concat([jpegStart, Buffer.from(`face ${face} view ${view}${among}`, 'utf8')]);
}

/** A JPEG by its first bytes, without a face. */
export function paintWall(): Buffer {
  return Buffer.concat([jpegStart, Buffer.from('a wall', 'utf8')]);
}

/** The face on a painted photograph; undefined if there is none. */
export function faceOn(file: Buffer): string | undefined {
  return painted(file)?.[1];
}

/** How many faces there are on a painted photograph with a face. */
export function faceCountOn(file: Buffer): number {
  return Number(painted(file)?.[2] ?? 1);
}

function painted(file: Buffer): RegExpExecArray | null {
  return /^face (\S+) view \d+(?: of (\d+))?$/.exec(file.subarray(jpegStart.length).toString('utf8'));
}

const jpegStart = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
