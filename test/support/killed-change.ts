/** A box whose files have a hook that is called when a change is written, and before it is recorded. */
interface WatchedBox {
  written: (() => Promise<void>) | undefined;
}

/** Resolves once `change` has written its file and will never go on, as if the box had been killed there. */
export function killedWhenWritten(box: WatchedBox, change: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    change.catch(reject);
    box.written = () => {
      box.written = undefined;
      resolve();
      return new Promise(() => undefined);
    };
  });
}
