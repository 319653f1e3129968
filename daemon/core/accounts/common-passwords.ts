import { dictionary } from '@zxcvbn-ts/language-common';

/** 49,000 passwords that occur most often in published breaches, in lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(dictionary['passwords-common']);
