import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrorCode } from '@soulbox/plugin-sdk';
import { root } from '../workspaces.mjs';
import { fenced, Source } from './source.mjs';

/** @import { Node } from './source.mjs' */
/** @typedef {{ name: string, id: string, version: string, many: boolean }} TokenFacts */

const folder = 'sdk-plugin/src/contracts';

/** `sdk-plugin/docs/contracts.md` */
export function contractsDocument() {
  const files = readdirSync(join(root, folder)).toSorted();
  const sources = files.map((file) => ({ file, source: new Source(`${folder}/${file}`) }));
  const suites = suiteNames();
  const all = sources.flatMap(({ source }) => tokensOf(source));
  const rows = all.map(
    ({ name, id, version, many }) =>
      `| [\`${name}\`](#${name.toLowerCase()}) | \`${id}@${version}\` | ${many ? 'any number, by name' : 'one'} | ${suiteOf(suites, name)} |`,
  );
  return `# Contracts

What plugins provide to each other and to the host, by tokens. A plugin names them in \`provides\` and \`requires\`; in
package.json they are written as \`soulbox.provides: ["store@1.0.0"]\` and \`soulbox.requires\`, where a \`?\` at the end
marks what may be missing. All are imported from \`@soulbox/plugin-sdk\`, the suites from
\`@soulbox/plugin-sdk/conformance\`. Error codes are explained in [errors.md](errors.md).

| contract | token | providers | proven by |
| --- | --- | --- | --- |
${rows.join('\n')}

${sources.map(({ file, source }) => fileSection(file, source, suites)).join('\n')}`;
}

/** @param {Source} source @returns {TokenFacts[]} */
function tokensOf({ exports }) {
  return exports.flatMap(({ name, node }) => {
    const callee = node['init']?.callee?.name;
    if (callee !== 'token' && callee !== 'tokens') return [];
    const [id, version] = node['init'].arguments.map((/** @type {{ value: string }} */ { value }) => value);
    return [{ name, id, version, many: callee === 'tokens' }];
  });
}

/** The suites that the kit has. @returns {Set<string>} */
function suiteNames() {
  const files = readdirSync(join(root, 'sdk-plugin/conformance')).filter((name) => name.endsWith('.ts'));
  const exported = files.flatMap((file) => new Source(`sdk-plugin/conformance/${file}`).exports);
  return new Set(exported.map(({ name }) => name).filter((name) => name.endsWith('Suite')));
}

/** @param {Set<string>} suites @param {string} contract */
function suiteOf(suites, contract) {
  const name = `${contract.slice(0, 1).toLowerCase()}${contract.slice(1)}Suite`;
  return suites.has(name) ? `\`${name}\`` : 'provided by the host';
}

/** @param {string} file @param {Source} source @param {Set<string>} suites */
function fileSection(file, source, suites) {
  const tokens = tokensOf(source);
  const names = new Set(tokens.map(({ name }) => name));
  const rest = source.exports.filter(({ name }) => !names.has(name));
  const types = rest.length === 0 ? '' : `${fenced(rest.map(({ text }) => text).join('\n\n'))}\n`;
  if (tokens.length === 0) return `## Types: ${file.replace('.ts', '')}\n\n${types}`;
  const own = tokens.map((token) => contractSection(source, token, suites)).join('\n');
  return types === '' ? own : `${own}\n### Types of ${[...names].join(' and ')}\n\n${types}`;
}

/** @param {Source} source @param {TokenFacts} token @param {Set<string>} suites */
function contractSection(source, { name, id, version, many }, suites) {
  const found = source.exports.find((one) => one.name === name && one.node.type === 'TSInterfaceDeclaration');
  if (!found) throw new Error(`the token ${name} has no interface of the same name beside it`);
  const { doc, node } = found;
  const proven = suites.has(suiteOf(suites, name).replaceAll('`', '')) ? `, proven by ${suiteOf(suites, name)}` : '';
  const about = `Token \`${id}@${version}\`, ${many ? 'any number of providers, each with a name' : 'one provider'}${proven}.`;
  const methods = node['body'].body.map((/** @type {Node} */ member) => methodSection(source, member));
  return `## ${name}\n\n${described(doc)}\n\n${about}\n\n${methods.join('\n')}`;
}

/** @param {Source} source @param {Node} member */
function methodSection(source, member) {
  return `### ${member['key'].name}\n\n${fenced(source.slice(member))}\n\n${described(source.docOf(member))}\n`;
}

/** A comment as prose: what it throws in a sentence of its own, with the codes marked. @param {string} doc */
function described(doc) {
  const [text = '', ...thrown] = doc.split('@throws');
  const codes = (/** @type {string} */ part) =>
    part.replace(/`[^`]*`|\b[a-z]+(?:_[a-z]+)*\b/g, (word) => (isErrorCode(word) ? `\`${word}\`` : word));
  return [text.trim(), ...thrown.map((part) => `**Throws** ${codes(part.trim())}`)].join('\n\n').trim();
}
