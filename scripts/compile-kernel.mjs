// Compiles the WebAssembly kernel of the gallery's search. The result is committed, so that neither a box nor a build needs
// the compiler.
//   npm run kernel                           compiles bounds.kernel.as into bounds-code.ts
//   node scripts/compile-kernel.mjs --check  writes nothing; exit code 1 if bounds-code.ts is not what the source gives
import { readFile, writeFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

const source = new URL('../daemon/gallery/search/bounds.kernel.as', import.meta.url);
const target = new URL('../daemon/gallery/search/bounds-code.ts', import.meta.url);

const { binary, error, stderr } = await asc.compileString(await readFile(source, 'utf8'), {
  optimizeLevel: 3,
  enable: ['simd'],
  runtime: 'stub',
  importMemory: true,
  noAssert: true,
});
if (error !== null) throw new Error(`the kernel does not compile: ${stderr.toString()}`);
const lines = Buffer.from(binary)
  .toString('base64')
  .match(/.{1,96}/g);
const code = `// Generated from bounds.kernel.as. Do not edit: run npm run kernel.

/** The WebAssembly module, base64. It imports its memory as \`env.memory\` and exports \`writeBounds\`. */
export const boundsCode =
${lines.map((line) => `  '${line}'`).join(' +\n')};
`;
if (process.argv[2] !== '--check') await writeFile(target, code);
else if ((await readFile(target, 'utf8')) !== code) {
  process.stderr.write(
    'daemon/gallery/search/bounds-code.ts is not what its source gives; run: npm run kernel\n',
  );
  process.exitCode = 1;
}
