import { Option } from 'commander';
import { allScopes, isScope, type Scope } from '../../contract/scopes.js';

/** `--scope`, several times or with several values. */
export function scopeOption(description: string): Option {
  return new Option('--scope <scope...>', description).choices([...allScopes]);
}

/** The values of `scopeOption`, which has refused all others. */
export const scopesOf = (given: readonly string[]): Scope[] => given.filter(isScope);
