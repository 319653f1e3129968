import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { programRoot } from '../../daemon/host/program-files.js';
import { type Clip, packClips } from './inference-pictures.js';

/** Starts the benchmark with packages and models that are elsewhere. */
const script = `#!/usr/bin/env bash
# Runs the benchmark "inference": run.sh [options]. NODE, MODELS and MODULES name where node, the model files
# (*.onnx) and the folder node_modules with onnxruntime-node are.
set -euo pipefail
kit=$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)
node=\${NODE:-/opt/r/node}
[ -d "$node" ] && node=$node/bin/node
models=\${MODELS:-/opt/r/models}
[ -d "$models/build" ] && models=$models/build
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Node looks for packages beside the program.
ln -s "\${MODULES:-/opt/r/node_modules}" "$work/node_modules"
cp "$kit/bench.mjs" "$work/"
"$node" "$work/bench.mjs" "$kit" "$models" "$@"
`;

/** Writes the benchmark `inference` as a folder that needs only node, onnxruntime-node and the model files. */
export async function writeKit(directory: string, clips: readonly Clip[]): Promise<void> {
  const root = programRoot();
  await mkdir(join(directory, 'models'), { recursive: true });
  await build({
    entryPoints: [join(root, 'scripts/benchmarks/inference-portable.ts')],
    outfile: join(directory, 'bench.mjs'),
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20.19', logLevel: 'warning' },
    external: ['onnxruntime-node'],
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
  });
  await copyFile(join(root, 'models/manifest.json'), join(directory, 'models/manifest.json'));
  await writeFile(join(directory, 'clips.bin'), packClips(clips));
  await writeFile(join(directory, 'run.sh'), script);
  await chmod(join(directory, 'run.sh'), 0o755);
}
