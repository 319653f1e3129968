// Lists what a package contains: npm packages, Node.js, and models. Writes sbom.cdx.json (CycloneDX 1.5) and copyright, with the
// text of every licence, to the documents of the package.
//   node scripts/packaging/components.mjs TREE LOCK VERSION NODE_VERSION
// TREE: the files of the package; LOCK: the package-lock.json that they come from.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [tree, lockPath, version, nodeVersion] = process.argv.slice(2);
if (nodeVersion === undefined) {
  console.error('usage: node scripts/packaging/components.mjs TREE LOCK VERSION NODE_VERSION');
  process.exit(2);
}
const program = join(tree, 'opt/rollcall/releases/package');
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Texts in a folder that a licence or the names of its owners may be in. */
const licenceTexts = (folder) =>
  readdirSync(folder)
    .filter((name) => /^(licen[cs]e|copying|notice|third.?party)/i.test(name) && !/\.(js|ts)$/.test(name))
    .sort()
    .map((name) => withoutApache(readFileSync(join(folder, name), 'utf8').trim()));

/** Debian has the terms of the Apache License, and asks packages to name them instead of repeating them. */
const withoutApache = (text) =>
  text.replaceAll(
    /^ *Apache License\s+Version 2\.0, January 2004.*?END OF TERMS AND CONDITIONS/gms,
    'The terms of the Apache License, version 2.0, are in /usr/share/common-licenses/Apache-2.0.',
  );

function npmComponents() {
  const { packages } = readJson(lockPath);
  return Object.keys(packages)
    .filter((path) => path !== '' && existsSync(join(program, path, 'package.json')))
    .sort()
    .map((path) => {
      const { name, version: own, license } = readJson(join(program, path, 'package.json'));
      return {
        ...{ type: 'library', name, version: own, purl: `pkg:npm/${name.replace('@', '%40')}@${own}` },
        licence: typeof license === 'string' ? license : (license?.type ?? 'see its text'),
        integrity: packages[path].integrity,
        texts: licenceTexts(join(program, path)),
      };
    });
}

const nodeComponent = {
  ...{ type: 'application', name: 'node', version: nodeVersion, purl: `pkg:generic/node@${nodeVersion}` },
  licence: 'MIT AND others in its text',
  texts: licenceTexts(join(program, 'node')),
};

const modelComponents = readJson(join(program, 'models/manifest.json'))
  .packs.filter(({ file }) => existsSync(join(program, 'models/build', file)))
  .map(({ id, source, sha256, licence }) => ({
    ...{ type: 'machine-learning-model', name: id, version: source.version ?? version, sha256 },
    licence: licence.name,
    texts: [`${licence.name}; ${licence.origin}`],
  }));

/** A name, or an expression of names, of SPDX; anything else is only a name to people. */
function licenceOf(licence) {
  if (/^[\w.-]+$/.test(licence)) return { license: { id: licence } };
  return /^[\w.()+ -]+$/.test(licence) && / (AND|OR) /.test(licence) && !/others/.test(licence)
    ? { expression: licence }
    : { license: { name: licence } };
}

const hashOf = (integrity) => {
  const [, algorithm, sum] = /^sha(\d+)-(.*)$/.exec(integrity);
  return { alg: `SHA-${algorithm}`, content: Buffer.from(sum, 'base64').toString('hex') };
};

const components = [nodeComponent, ...npmComponents(), ...modelComponents];
const sbom = {
  ...{ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 },
  // No time and no random number, so that the same sources give the same bytes.
  metadata: {
    component: {
      type: 'application',
      name: 'rollcall',
      version,
      licenses: [{ license: { id: 'Apache-2.0' } }],
    },
  },
  components: components.map(({ licence, integrity, sha256, texts: _texts, ...component }) => ({
    ...component,
    licenses: [licenceOf(licence)],
    ...(integrity === undefined ? {} : { hashes: [hashOf(integrity)] }),
    ...(sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
  })),
};

/** Each text once, below the names of all that it is for. */
const owners = new Map();
for (const { name, version: own, licence, texts } of components) {
  const said = texts.length > 0 ? texts : [`Its package names only its licence: ${licence}`];
  for (const text of said) owners.set(text, [...(owners.get(text) ?? []), `${name} ${own} (${licence})`]);
}
const copyright = [
  'rollcall is free software under the Apache License, version 2.0.\nOn Debian, its text is in /usr/share/common-licenses/Apache-2.0.\n',
  'Copyright: the contributors to rollcall\n\nThe package contains the following works of others.\n',
  ...[...owners].map(
    ([text, names]) =>
      `${'-'.repeat(79)}\n${[...new Set(names)].map((name) => `${name}\n`).join('')}\n${text}\n`,
  ),
].join('\n');

const documents = join(tree, 'usr/share/doc/rollcall');
writeFileSync(join(documents, 'sbom.cdx.json'), `${JSON.stringify(sbom, undefined, 2)}\n`);
writeFileSync(join(documents, 'copyright'), copyright);
const sum = createHash('sha256').update(copyright).digest('hex').slice(0, 12);
console.error(`   ${components.length} components, ${owners.size} texts of licences (${sum})`);
