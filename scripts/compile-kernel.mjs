// Compiles the kernels in WebAssembly. The results are committed, so that neither a box nor a build needs the compiler.
//   npm run kernel                           compiles each NAME.kernel.as into NAME-code.ts
//   node scripts/compile-kernel.mjs --check  writes nothing; exit code 1 if a NAME-code.ts is not what its source gives
import { readFile, writeFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

/** Without endings: the source, and what it exports. */
const kernels = [
  ['daemon/core/gallery/search/bounds', 'writeBounds'],
  ['daemon/vision/inference/yuv-crop', 'sampleYuv` and `reducePlane'],
  ['daemon/vision/live/small-rgb', 'writeRgb'],
];

for (const [path, exported] of kernels) {
  const source = new URL(`../${path}.kernel.as`, import.meta.url);
  const target = new URL(`../${path}-code.ts`, import.meta.url);
  const { binary, error, stderr } = await asc.compileString(await readFile(source, 'utf8'), {
    optimizeLevel: 3,
    enable: ['simd'],
    runtime: 'stub',
    importMemory: true,
    noAssert: true,
  });
  if (error !== null) throw new Error(`${path}.kernel.as does not compile: ${stderr.toString()}`);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const lines = Buffer.from(binary)
    .toString('base64')
    .match(/.{1,96}/g);
  const code = `// Generated from ${name}.kernel.as. Do not edit: run npm run kernel.

/** The WebAssembly module, base64. It imports its memory as \`env.memory\` and exports \`${exported}\`. */
export const ${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}Code =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
  if (process.argv[2] !== '--check') await writeFile(target, code);
  else if ((await readFile(target, 'utf8')) !== code) {
    process.stderr.write(`${path}-code.ts is not what its source gives; run: npm run kernel\n`);
    process.exitCode = 1;
  }
}
