import { outputOf, showUnits } from './systemctl.js';

/** What systemd knows of a service that does not answer. */
export type ServiceState =
  | { readonly state: 'stopped' | 'starting' | 'running' }
  /** It ended with an error; systemd starts it again and again. */
  | {
      readonly state: 'failing';
      /** What it said about its end. Absent if the journal does not have it or the caller may not read it. */
      readonly said?: { readonly message: string; readonly remedy?: string };
      /** In systemd's words, such as `exit-code, status 1`. */
      readonly result: string;
    };

/** Asks systemd about a service. Undefined where there is no systemd or it does not know the service. */
export async function serviceState(name: string): Promise<ServiceState | undefined> {
  const unit = `${name}.service`;
  const properties = ['LoadState', 'ActiveState', 'Result', 'ExecMainStatus', 'NRestarts'];
  const facts = (await showUnits([unit], properties))?.get(unit);
  if (facts?.get('LoadState') !== 'loaded') return undefined;
  const [active, result, status] = [
    facts.get('ActiveState'),
    facts.get('Result'),
    facts.get('ExecMainStatus'),
  ];
  if (active === 'active' || active === 'reloading') return { state: 'running' };
  if (active === 'inactive') return { state: 'stopped' };
  // A start clears the result of the run before, also one that systemd makes after a failure.
  const isFirstStart = result === 'success' && facts.get('NRestarts') === '0';
  if (active === 'activating' && isFirstStart) return { state: 'starting' };
  // Only what the service itself wrote since the start of the machine.
  const journal = ['--boot', '--lines=200', '--output=cat', '--no-pager', '--quiet'];
  const text = await outputOf('journalctl', [`_SYSTEMD_UNIT=${unit}`, ...journal]);
  const said = lastErrorIn(text ?? '', name);
  const outcome = result === 'success' ? 'starting again' : `${result}, status ${status}`;
  return { state: 'failing', result: outcome, ...(said === undefined ? {} : { said }) };
}

/** The last error with which the program `name` ended, as its `main.ts` prints it. Pure. */
export function lastErrorIn(
  text: string,
  name: string,
): { readonly message: string; readonly remedy?: string } | undefined {
  const lines = text.split('\n');
  const prefix = `${name}: `;
  const begin = lines.findLastIndex((line) => line.startsWith(prefix));
  if (begin < 0) return undefined;
  // Lines of the log that follow are those of the next start.
  const after = lines.slice(begin + 1);
  const end = after.findIndex((line) => line === '' || line.startsWith('{'));
  const error = [lines[begin]?.slice(prefix.length) ?? '', ...(end < 0 ? after : after.slice(0, end))];
  const advice = error.findIndex((line) => line.startsWith('  what to do: '));
  if (advice < 0) return { message: error.join('\n') };
  const remedy = error.slice(advice).join('\n').slice('  what to do: '.length);
  return { message: error.slice(0, advice).join('\n'), remedy };
}
