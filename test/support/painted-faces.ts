/**
 * A file that stands for a photograph of a face where no network looks at it: JPEG by its first bytes, and inside, the
 * name of the face and the number of the view.
 */
export function paintFace(face: string, view = 1): Buffer {
  return Buffer.concat([jpegStart, Buffer.from(`face ${face} view ${view}`, 'utf8')]);
}

/** A JPEG by its first bytes, without a face. */
export function paintWall(): Buffer {
  return Buffer.concat([jpegStart, Buffer.from('a wall', 'utf8')]);
}

/** Whose face is on a painted photograph; undefined where there is none. */
export function faceOn(file: Buffer): string | undefined {
  return /^face (\S+) view \d+$/.exec(file.subarray(jpegStart.length).toString('utf8'))?.[1];
}

const jpegStart = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
