import type * as tfTypes from '@tensorflow/tfjs';
import type { Contender } from './peers-contender.js';
import { insidePackage, loadCommonJs, serveFolder, wasmFolder } from './peers-wasm.js';

/** The part of face-api that is used here. */
interface FaceApi {
  readonly tf: typeof tfTypes;
  readonly nets: Record<
    'ssdMobilenetv1' | 'faceLandmark68Net' | 'faceRecognitionNet',
    { loadFromUri(uri: string): Promise<void> }
  >;
  readonly SsdMobilenetv1Options: new (options: { minConfidence: number }) => object;
  detectAllFaces(
    input: tfTypes.Tensor3D,
    options: object,
  ): { withFaceLandmarks(): { withFaceDescriptors(): Promise<readonly unknown[]> } };
}

/** face-api on TensorFlow.js's WebAssembly backend. */
export async function openFaceApi(): Promise<Contender> {
  const { setWasmPaths } = loadCommonJs('@tensorflow/tfjs-backend-wasm') as {
    setWasmPaths(path: string): void;
  };
  setWasmPaths(wasmFolder());
  const api = loadCommonJs(insidePackage('@vladmandic/face-api', 'dist/face-api.node-wasm.js')) as FaceApi;
  await api.tf.setBackend('wasm');
  await api.tf.ready();
  await using models = await serveFolder(insidePackage('@vladmandic/face-api', 'model'));
  for (const net of ['ssdMobilenetv1', 'faceLandmark68Net', 'faceRecognitionNet'] as const) {
    await api.nets[net].loadFromUri(models.url);
  }
  const options = new api.SsdMobilenetv1Options({ minConfidence: 0.5 });
  return {
    name: `face-api (${api.tf.getBackend()})`,
    stages: 'SSD MobileNetV1, 68 landmarks, ResNet-29 on the face',
    async look({ widthPx, heightPx, rgb }) {
      const tensor = api.tf.tensor3d(rgb, [heightPx, widthPx, 3], 'int32');
      const faces = await api.detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
      tensor.dispose();
      return faces.length;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
