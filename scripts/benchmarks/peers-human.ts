import type { Contender } from './peers-contender.js';
import { insidePackage, loadCommonJs, serveFolder, wasmFolder } from './peers-wasm.js';

interface HumanInstance {
  load(): Promise<void>;
  readonly tf: {
    tensor3d(data: Uint8Array, shape: [number, number, number], type: 'int32'): unknown;
    dispose(tensor: unknown): void;
    getBackend(): string;
  };
  detect(input: unknown): Promise<{ readonly face: readonly { readonly embedding?: readonly number[] }[] }>;
}

/** Human on TensorFlow.js's WebAssembly backend, with what rollcall looks for and nothing else. */
export async function openHuman(): Promise<Contender> {
  const { Human } = loadCommonJs(insidePackage('@vladmandic/human', 'dist/human.node-wasm.js')) as {
    Human: new (config: object) => HumanInstance;
  };
  await using models = await serveFolder(insidePackage('@vladmandic/human', 'models'));
  const off = { enabled: false };
  const human = new Human({
    backend: 'wasm',
    wasmPath: wasmFolder(),
    modelBasePath: models.url,
    debug: false,
    // Every frame is looked at afresh, as by the others.
    cacheSensitivity: 0,
    filter: off,
    gesture: off,
    body: off,
    hand: off,
    object: off,
    segmentation: off,
    face: {
      enabled: true,
      detector: { rotation: false, maxDetected: 1, skipFrames: 0, skipTime: 0 },
      mesh: { enabled: true },
      iris: { enabled: true, skipFrames: 0, skipTime: 0 },
      description: { enabled: true, skipFrames: 0, skipTime: 0 },
      emotion: off,
      antispoof: off,
      liveness: off,
      attention: off,
    },
  });
  await human.load();
  return {
    name: `Human (${human.tf.getBackend()})`,
    stages: 'BlazeFace, face mesh, both eyes, faceres',
    async look({ widthPx, heightPx, rgb }) {
      const tensor = human.tf.tensor3d(rgb, [heightPx, widthPx, 3], 'int32');
      const { face } = await human.detect(tensor);
      human.tf.dispose(tensor);
      return face.filter(({ embedding }) => (embedding?.length ?? 0) > 0).length;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
