/**
 * Hands the warnings of Node.js to `report`, instead of letting Node.js print them. Leaves out that a part of Node.js is experimental,
 * which no one at the box can act on: Node.js 20.19.2, of Debian 13, says it of Ed25519, which is stable in all newer ones.
 */
export function reportNodeWarnings(report: (warning: Error) => void): void {
  // Node.js prints in a listener of its own.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') report(warning);
  });
}
