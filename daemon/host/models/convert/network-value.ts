/**
 * A result inside the ONNX graph. `shape` does not contain the batch: it is [channels, height, width] for images, and
 * [rows, columns] or [size] for others.
 */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * The ONNX graph takes pixels in 0..255; its network gets `(pixel - mean) * scale`. A mean for each colour has the order in which
 * the network takes the colours.
 */
export interface PixelScaling {
  readonly mean: number | readonly [number, number, number];
  readonly scale: number;
}
