import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Loads a CommonJS build by the name of its package or the path of its file. */
export function loadCommonJs(nameOrPath: string): unknown {
  return require(nameOrPath);
}

/** Folder of the WebAssembly files of TensorFlow.js. */
export function wasmFolder(): string {
  return `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`;
}

/** Something inside a package whose entry lies in its `dist`, also where the package does not export it. */
export function insidePackage(name: string, path: string): string {
  return join(dirname(require.resolve(name)), '..', path);
}

/** Serves the files of one folder on the loopback: how the peers load models outside a browser. */
export async function serveFolder(folder: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    readFile(join(folder, basename(new URL(request.url ?? '/', 'http://x').pathname))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
