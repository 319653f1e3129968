import { z } from 'zod';
import { modelPackStates } from '../kernel/model-pack-state.js';
import { operation } from './operation.js';
import { says } from './said.js';

/** A neural network: its file is named by its SHA-256, never by its place on the box. */
export const modelPack = z.object({
  id: z.string(),
  role: z.string().describe('Its part in the analysis, such as `detector` or `recogniser`.'),
  title: z.string(),
  source: z
    .enum(['npm', 'npm-tarball', 'publisher', 'import', 'own'])
    .describe(
      '`npm`, `npm-tarball`: built from an npm package. `publisher`: downloaded. `import`: from a file that the owner downloaded. `own`: a network of the owner.',
    ),
  licence: z.string(),
  sha256: z.string(),
  sizeBytes: z.int().positive(),
  state: z
    .enum(modelPackStates)
    .describe(
      '`ready`: its file has this SHA-256. It is in use only if the configuration or the gallery names it.',
    ),
  remedy: z.string().exactOptional().describe('How to get it. Only for `absent`.'),
  says: says('remedy'),
  foundSha256: z.string().exactOptional().describe('Only for `damaged`.'),
});
export type ModelPack = z.infer<typeof modelPack>;

export const modelOperations = {
  'models.list': operation({
    method: 'GET',
    path: '/models',
    summary: 'List the neural networks that rollcall knows, and whether this box has them.',
    answer: { kind: 'json', schema: z.array(modelPack).readonly() },
    errors: [],
    scope: 'status:read',
    rate: 'default',
  }),
} as const;
