import { signal } from '@preact/signals';
import { type ApiError, call, isApiError } from '../../api/call.js';

/** The largest piece that the box takes. */
const pieceBytes = 8 * 2 ** 20;

/** An upload of this browser. It goes on while the user looks at other pages. */
export const uploading = signal<
  { readonly name: string; readonly sent: number; readonly total: number } | undefined
>(undefined);
export const uploadFault = signal<ApiError | undefined>(undefined);

/** Where an upload goes on. */
export interface Begun {
  readonly id: string;
  readonly receivedBytes: number;
}

/** Uploads a file in pieces, from where an earlier upload was interrupted. Resolves with true when the box has all of it. */
export async function upload(file: File, begun?: Begun): Promise<boolean> {
  if (uploading.value !== undefined) return false;
  uploadFault.value = undefined;
  let { id, receivedBytes } = begun ?? { id: undefined, receivedBytes: 0 };
  const note = (): void => {
    uploading.value = { name: file.name, sent: receivedBytes, total: file.size };
  };
  note();
  try {
    do {
      const piece = file.slice(receivedBytes, receivedBytes + pieceBytes);
      const got = await call('backups.upload', { ...(id && { id }), offset: receivedBytes, piece: [piece] });
      ({ id, receivedBytes } = got);
      note();
    } while (receivedBytes < file.size);
    return true;
  } catch (error) {
    if (!isApiError(error)) throw error;
    uploadFault.value = error;
    return false;
  } finally {
    uploading.value = undefined;
  }
}
