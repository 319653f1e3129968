/** Longest sides of a picture that is sent for a hint, and of one from a file, pixels. */
export const liveSidePx = 960;
const fileSidePx = 1920;
const quality = 0.9;

/** Draws a picture of this size onto a JPEG whose longer side is at most `sidePx`. */
export function jpegOf(
  source: CanvasImageSource,
  [width, height]: readonly [number, number],
  sidePx: number,
): Promise<Blob | undefined> {
  const scale = Math.min(1, sidePx / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext('2d')?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob ?? undefined), 'image/jpeg', quality);
  });
}

/** A photograph of a file, small enough for the box. A file that this browser cannot read goes as it is: the box says why. */
export async function smallPhotograph(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file).catch(() => undefined);
  if (picture === undefined) return file;
  try {
    return (await jpegOf(picture, [picture.width, picture.height], fileSidePx)) ?? file;
  } finally {
    picture.close();
  }
}
