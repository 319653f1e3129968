import type { ModelPack } from '../../host/models/model-manifest.js';
import type { RecogniserInterface } from '../../host/models/onnx-interface.js';
import { faceShape } from '../../host/models/own-recogniser.js';
import type { Scaling } from './recogniser-contract.js';

/** How the input of a network is prepared, as its description states it. */
export interface Preparation extends Scaling {
  /** For people. */
  readonly title: string;
  readonly colours: 'RGB' | 'BGR';
}

type Triple = readonly [number, number, number];
const same = (value: number): Triple => [value, value, value];
const reversed = ([a, b, c]: Triple): Triple => [c, b, a];

/** Mean and standard deviation of the photographs of ImageNet, as torchvision's networks take them; RGB, times 255. */
const IMAGENET = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] } as const;

/** The usual ones, the most usual first: InsightFace, MobileFaceNet, then those of other families. */
const SCALINGS: readonly (Scaling & { readonly title: string })[] = [
  { title: '(x - 127.5) / 127.5', mean: same(127.5), std: same(127.5) },
  { title: '(x - 127.5) / 128', mean: same(127.5), std: same(128) },
  { title: '0 to 255', mean: same(0), std: same(1) },
  { title: 'x / 255', mean: same(0), std: same(255) },
  { title: 'mean and deviation of ImageNet', ...IMAGENET },
];

/** All preparations that are tried with a network that does not say how its input must be prepared. */
export const preparations: readonly Preparation[] = (['RGB', 'BGR'] as const).flatMap((colours) =>
  SCALINGS.map(({ title, mean, std }) => ({
    title: `${colours}, ${title}`,
    colours,
    mean: colours === 'RGB' ? mean : reversed(mean),
    std: colours === 'RGB' ? std : reversed(std),
  })),
);

/** The input and the output of a description. */
export function describedInterface(
  { input: { name, layout }, output }: RecogniserInterface,
  { colours, mean, std }: Preparation,
): Pick<ModelPack, 'input' | 'outputs'> {
  return {
    input: {
      ...{ name, layout, colours },
      shape: ['batch', ...faceShape(layout)],
      mean: [...mean],
      std: [...std],
      crop: 'aligned by a similarity transform of eye centres, nose tip and mouth corners to the five-point template of 112x112; black outside the picture',
    },
    outputs: [
      {
        name: output.name,
        shape: [1, output.dimensions],
        meaning: 'embedding, not of unit length; compared by cosine',
      },
    ],
  };
}
