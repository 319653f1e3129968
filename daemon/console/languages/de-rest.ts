export default import.meta.glob<Readonly<Record<string, string>>>(
  ['../messages/de/*.json', '!**/{entry,parts,shell}.json'],
  { eager: true, import: 'default' },
);
