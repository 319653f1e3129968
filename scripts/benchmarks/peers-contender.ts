/** One way of looking at a frame. Resolves with how many faces it found and embedded. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly stages: string;
  look(frame: PeerFrame): Promise<number>;
}

/** One decoded picture, and when it was captured. */
export interface PeerFrame {
  readonly widthPx: number;
  readonly heightPx: number;
  /** As the decoder makes it: what a camera's frame is in rollcall. */
  readonly yuv420: Uint8Array;
  /** The same picture for those who take nothing else. */
  readonly rgb: Uint8Array;
  readonly atMs: number;
}
