import type { configurationOperations } from '../../contract/configuration.js';
import type { Handlers } from '../../contract/handlers.js';
import type { OwnSettings } from './own-settings.js';

/** The operations that show and change the settings of the box. */
export function configurationHandlers(settings: OwnSettings): Handlers<typeof configurationOperations> {
  return {
    'config.show': (_input, { caller }) => settings.show(caller),
    'config.check': (input, { caller }) => settings.check(input, caller),
    'config.apply': (input, { caller }) => settings.apply(input, caller),
  };
}
