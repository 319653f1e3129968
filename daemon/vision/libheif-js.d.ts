/** The part of libheif's JavaScript interface that is used here; the package declares types for other entries only. */
declare module 'libheif-js/wasm-bundle.js' {
  type Failed = { readonly code: unknown; readonly subcode: unknown; readonly message: string };
  interface Context {
    readonly isContext: never;
  }
  interface Handle {
    readonly isHandle: never;
  }
  interface Channel {
    readonly id: unknown;
    readonly width: number;
    readonly height: number;
    /** Bytes from one line to the next. */
    readonly stride: number;
    readonly data: Uint8Array;
  }
  const libheif: {
    readonly heif_error_code: {
      readonly heif_error_Ok: unknown;
      readonly heif_error_Memory_allocation_error: unknown;
    };
    readonly heif_suberror_code: { readonly heif_suberror_Security_limit_exceeded: unknown };
    readonly heif_colorspace: { readonly heif_colorspace_RGB: unknown };
    readonly heif_chroma: { readonly heif_chroma_interleaved_RGB: unknown };
    readonly heif_channel: { readonly heif_channel_interleaved: unknown };
    heif_context_alloc(): Context;
    heif_context_read_from_memory(context: Context, file: Uint8Array): Failed;
    heif_js_context_get_primary_image_handle(context: Context): Handle | Failed;
    heif_image_handle_get_width(handle: Handle): number;
    heif_image_handle_get_height(handle: Handle): number;
    heif_js_decode_image2(
      handle: Handle,
      colourSpace: unknown,
      chroma: unknown,
    ): { readonly channels: readonly Channel[] } | Failed;
  };
  export default libheif;
}
