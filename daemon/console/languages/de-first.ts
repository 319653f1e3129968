export default import.meta.glob<Readonly<Record<string, string>>>('../messages/de/{entry,parts,shell}.json', {
  eager: true,
  import: 'default',
});
