import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import { quantile } from './measuring.js';

/** What the nodes of one kind take in a run of a network, together. */
export interface KindOfNode {
  readonly kind: string;
  readonly nodes: number;
  readonly ms: number;
}

/** A line of ONNX Runtime's profile that tells how long a node took. */
const nodeSchema = z.object({
  name: z.string().endsWith('_kernel_time'),
  /** Microseconds. */
  dur: z.number(),
  args: z.object({
    op_name: z.string(),
    input_type_shape: z.array(z.record(z.string(), z.array(z.number()))),
  }),
});

/**
 * Where the time of a network goes, by kind of node, the most expensive kind first. For each node, the first quartile of `runs` counts:
 * other work on the machine makes some runs of a node much longer. A first run, which allocates, is not the quartile either.
 */
export async function profileOf(
  path: string,
  shape: readonly number[],
  runs: number,
): Promise<readonly KindOfNode[]> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-profile-'));
  try {
    const network = await InferenceSession.create(path, {
      ...{ intraOpNumThreads: 1, interOpNumThreads: 1 },
      ...{ enableProfiling: true, profileFilePrefix: join(directory, 'run') },
    });
    const pixels = new Float32Array(shape.reduce((product, dim) => product * dim, 1)).fill(127);
    const feeds = { [network.inputNames[0] ?? '']: new Tensor('float32', pixels, shape) };
    for (let run = 0; run < runs; run++) await network.run(feeds);
    network.endProfiling();
    await network.release();
    const [file = ''] = await readdir(directory);
    return kindsOf(JSON.parse(await readFile(join(directory, file), 'utf8')) as unknown[]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function kindsOf(events: readonly unknown[]): readonly KindOfNode[] {
  const nodes = new Map<string, { kind: string; timesMs: number[] }>();
  for (const event of events) {
    const { data } = nodeSchema.safeParse(event);
    if (data === undefined) continue;
    const node = nodes.get(data.name) ?? { kind: kindOf(data.args), timesMs: [] };
    node.timesMs.push(data.dur / 1000);
    nodes.set(data.name, node);
  }
  const kinds = new Map<string, KindOfNode>();
  for (const { kind, timesMs } of nodes.values()) {
    const { nodes: count, ms } = kinds.get(kind) ?? { nodes: 0, ms: 0 };
    kinds.set(kind, { kind, nodes: count + 1, ms: ms + quantile(timesMs, 0.25) });
  }
  return [...kinds.values()].sort((a, b) => b.ms - a.ms);
}

/** The operator; of a convolution also the size of its window, and whether each channel has a filter of its own. */
function kindOf({ op_name: op, input_type_shape: inputs }: z.infer<typeof nodeSchema>['args']): string {
  const [, inputsOfGroup, height, width] = inputs[1]?.['float'] ?? [];
  if (op !== 'Conv') return op;
  return `${inputsOfGroup === 1 ? 'depthwise ' : ''}Conv ${height}x${width}`;
}
