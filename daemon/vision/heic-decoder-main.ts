// A process that decodes one HEIC picture: libheif and its HEVC decoder have no limits of time, and WebAssembly runs on one thread
// until it ends. Reads the file from standard input, and writes width and height (32 bits each, big-endian) and RGB pixels, upright.

import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import libheif from 'libheif-js/wasm-bundle.js';
import { hideMemory } from '../host/hidden-memory.js';
import { heicExit } from './heic-exit.js';

/** Decodes the primary image. libheif applies its rotation and mirroring, and joins its tiles. */
function decode(file: Uint8Array, mostPixels: number): readonly Uint8Array[] {
  const context = libheif.heif_context_alloc();
  const read = libheif.heif_context_read_from_memory(context, file);
  if (read.code !== libheif.heif_error_code.heif_error_Ok) giveUp(read);
  const handle = libheif.heif_js_context_get_primary_image_handle(context);
  if ('code' in handle) return giveUp(handle);
  const pixels = libheif.heif_image_handle_get_width(handle) * libheif.heif_image_handle_get_height(handle);
  if (pixels > mostPixels) process.exit(heicExit.tooManyPixels);
  const decoded = libheif.heif_js_decode_image2(
    handle,
    libheif.heif_colorspace.heif_colorspace_RGB,
    libheif.heif_chroma.heif_chroma_interleaved_RGB,
  );
  if ('code' in decoded) return giveUp(decoded);
  const plane = decoded.channels.find(({ id }) => id === libheif.heif_channel.heif_channel_interleaved);
  if (plane === undefined) process.exit(heicExit.damaged);
  const { width, height, stride, data } = plane;
  if (width * height > mostPixels) process.exit(heicExit.tooManyPixels);
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const lines = Array.from({ length: height }, (_, line) =>
    data.subarray(line * stride, line * stride + 3 * width),
  );
  return [size, ...lines];
}

function giveUp({ code, subcode }: { readonly code: unknown; readonly subcode: unknown }): never {
  const isTooMuch =
    code === libheif.heif_error_code.heif_error_Memory_allocation_error ||
    subcode === libheif.heif_suberror_code.heif_suberror_Security_limit_exceeded;
  process.exit(isTooMuch ? heicExit.tooDemanding : heicExit.damaged);
}

await hideMemory();
try {
  const parts = decode(await buffer(process.stdin), Number(process.argv[2]));
  for (const part of parts) if (!process.stdout.write(part)) await once(process.stdout, 'drain');
} catch {
  process.exitCode = heicExit.damaged;
}
