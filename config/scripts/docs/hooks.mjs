import { hookCatalogue } from '@soulbox/plugin-sdk';
import { fenced, Source } from './source.mjs';

/** @import { HookDefinition } from '@soulbox/plugin-sdk' */
/** @import { Node } from './source.mjs' */

const failures = { isolate: 'logged and passed over', fail: "the caller's error" };
const kinds = { series: 'SeriesHook', parallel: 'ParallelHook', bail: 'BailHook', waterfall: 'WaterfallHook' };

/** `sdk-plugin/docs/hooks.md` */
export function hooksDocument() {
  const source = new Source('sdk-plugin/src/hooks.ts');
  /** @type {Node[]} */
  const members = source.find('Hooks').node.body.body;
  const hooks = Object.entries(hookCatalogue).map(([name, definition]) => {
    const member = members.find(({ key }) => key.value === name);
    if (!member) throw new Error(`the interface Hooks has no ${name}`);
    return { name, definition, type: member.typeAnnotation.typeAnnotation, doc: source.docOf(member) };
  });
  const rows = hooks.map(({ name, definition: { kind, timeoutMs, onError, privileged } }) => {
    const link = `[\`${name}\`](#${name.replaceAll('.', '')})`;
    return `| ${link} | ${kind} | ${timeoutMs} ms | ${failures[onError]} | ${privileged === true ? 'yes' : ''} |`;
  });
  return `# Hooks

The hooks of the host. A plugin taps them in its set-up, and lists them under \`soulbox.permissions.hooks\` in its
package.json; \`*\` stands for all that are not privileged.

| hook | kind | deadline of a tap | a tap that fails is | privileged |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## Kinds

${Object.entries(kinds)
  .map(([kind, type]) => `- **${kind}**: ${source.find(type).doc}`)
  .join('\n')}

A tap that answers after its deadline, throws, or answers with a value of the wrong shape has failed. Arguments are not to
be changed: a waterfall tap returns a changed copy.

${hooks.map(({ name, definition, type }) => section(source, name, definition, type)).join('\n')}
## Tapping, and hooks of a plugin's own

${['HookInfo', 'TapOptions', 'HookDefinition', 'PoolDemand'].map((name) => fenced(source.find(name).text)).join('\n\n')}

A plugin declares a hook of its own with \`hooks.define('<plugin id>.<name>', definition)\` and calls it with
\`hooks.call\`. It provides a token as well, which those who tap the hook require, so that they start after it.
`;
}

/** @param {Source} source @param {string} name @param {HookDefinition} definition @param {Node} type */
function section(source, name, { kind, description, result }, type) {
  const [first, second] = type.typeArguments.params.map((/** @type {Node} */ node) => source.slice(node));
  const signatures = {
    series: `(arg: ${first}, info: HookInfo) => void`,
    parallel: `(arg: ${first}, info: HookInfo) => void`,
    bail: `(arg: ${first}, info: HookInfo) => ${second} | undefined`,
    waterfall: `(value: ${first}, arg: ${second}, info: HookInfo) => ${first} | undefined`,
  };
  const checked = result === undefined ? '' : '\n\nThe shape of an answer is checked.';
  return `## ${name}\n\n${description}\n\n${fenced(`type Tap = ${signatures[kind]};`)}${checked}\n`;
}
