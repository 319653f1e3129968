import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ApiError, isApiError } from '../../api/call.js';
import type en from '../../messages/en/enrol.json';
import { Fault } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';
import { type Guidance, hintText } from './picture-guidance.js';

const t = wordsOf<typeof en>('enrol');

/** The next picture follows so long after the answer to the one before. */
const pauseMs = 150;
/** After an answer that the box has too much work. */
const busyMs = 1500;

type Trouble = 'no-camera-here' | 'camera-refused' | 'camera-missing';

interface CameraViewProps {
  /** Shows a picture to the box. @throws ApiError */
  readonly onPicture: (jpeg: Blob) => Promise<Guidance>;
  /** False: shows the camera, but sends nothing. */
  readonly isSending: boolean;
}

/** The camera of this device with an oval guide. Sends one picture after the other, and shows what the box says. */
export function CameraView({ onPicture, isSending }: CameraViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const facing = useSignal<'user' | 'environment'>('user');
  const trouble = useSignal<Trouble | undefined>(undefined);
  const fault = useSignal<ApiError | undefined>(undefined);
  const guidance = useSignal<Guidance | undefined>(undefined);
  const tries = useSignal(0);
  const latest = useRef(onPicture);
  latest.current = onPicture;
  useEffect(() => {
    const over = new AbortController();
    void openCamera(facing.value, over.signal).then((opened) => {
      trouble.value = typeof opened === 'string' ? opened : undefined;
      if (opened instanceof MediaStream && video.current !== null) video.current.srcObject = opened;
    });
    return () => over.abort();
  }, [facing.value]);
  useEffect(() => {
    if (!isSending) return;
    const over = new AbortController();
    void sendPictures(video, over.signal, async (jpeg) => {
      guidance.value = await latest.current(jpeg);
    }).catch((error: unknown) => {
      if (!isApiError(error)) throw error;
      fault.value = error;
    });
    return () => over.abort();
  }, [isSending, tries.value]);
  const again = (): void => {
    fault.value = undefined;
    tries.value += 1;
  };
  const said = guidance.value;
  return (
    <div class="guide">
      <div class={`guide-view ${said?.kept === undefined ? '' : 'kept'}`}>
        <video ref={video} class={facing.value === 'user' ? 'mirrored' : ''} autoplay playsinline muted />
        <div class="guide-oval" aria-hidden="true" />
      </div>
      <p class="guide-hint" role="status">
        {trouble.value !== undefined ? t(trouble.value) : said && isSending && hintText(said)}
      </p>
      <Fault error={fault.value} onRetry={again} />
      <button
        type="button"
        class="small secondary"
        onClick={() => {
          facing.value = facing.value === 'user' ? 'environment' : 'user';
        }}
      >
        {t('other-camera')}
      </button>
    </div>
  );
}

/** Opens a camera until the signal aborts, or says why there is none. */
async function openCamera(
  facingMode: 'user' | 'environment',
  signal: AbortSignal,
): Promise<MediaStream | Trouble> {
  // Absent on pages without HTTPS.
  if (!('mediaDevices' in navigator)) return 'no-camera-here';
  try {
    const size = { width: { ideal: 1280 }, height: { ideal: 960 } };
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode, ...size },
      audio: false,
    });
    const stop = (): void => {
      for (const track of stream.getTracks()) track.stop();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    return stream;
  } catch (error) {
    return error instanceof DOMException && error.name === 'NotAllowedError'
      ? 'camera-refused'
      : 'camera-missing';
  }
}

/** Sends what the camera shows, one picture at a time. @throws ApiError that waiting does not mend */
async function sendPictures(
  video: { readonly current: HTMLVideoElement | null },
  signal: AbortSignal,
  send: (jpeg: Blob) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    let waitMs = pauseMs;
    const shown = video.current;
    if (shown !== null && shown.videoWidth > 0 && !document.hidden) {
      const jpeg = await jpegOf(shown, [shown.videoWidth, shown.videoHeight], liveSidePx);
      try {
        if (jpeg !== undefined && !signal.aborted) await send(jpeg);
      } catch (error) {
        if (signal.aborted) return;
        if (!isApiError(error, 'busy', 'rate-limited', 'vision-unavailable')) throw error;
        waitMs = busyMs;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Longest sides of a picture that is sent for a hint, and of one from a file, pixels. */
const liveSidePx = 960;
const fileSidePx = 1920;
const quality = 0.9;

/** Draws a picture of this size onto a JPEG whose longer side is at most `sidePx`. */
function jpegOf(
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
