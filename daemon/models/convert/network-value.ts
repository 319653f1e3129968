/**
 * A result inside the ONNX graph. `shape` leaves out the batch: [channels, height, width] for images,
 * [rows, columns] or [size] otherwise.
 */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * The network sees `(pixel - mean) * scale` of the 0..255 pixels that the ONNX graph takes; a mean per colour stands in the
 * order in which the network takes colours.
 */
export interface PixelScaling {
  readonly mean: number | readonly [number, number, number];
  readonly scale: number;
}
